import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

import { attempt, Shelf } from '@sagewai/sdk/testing';
import { expect, onTestFinished, test } from 'vitest';

import { importOrders } from './import-orders.ts';

const ORDERS = ['tea', 'coffee', 'cake'];

/** Books each key once, and counts how often it was asked. */
async function startShop(): Promise<{ url: string; booked: string[]; asked: () => number }> {
  const numbers = new Map<string, number>();
  const booked: string[] = [];
  let asked = 0;
  const server = createServer((request, response) => {
    void (async () => {
      asked += 1;
      const key = String(request.headers['idempotency-key']);
      const { order } = (await json(request)) as { order: string };
      if (!numbers.has(key)) numbers.set(key, booked.push(order));
      response.end(JSON.stringify({ number: numbers.get(key) }));
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, booked, asked: () => asked };
}

test.each([0, 1, 2])('who dies after %i orders leaves each booked once', async (writesMax) => {
  const shop = await startShop();
  const input = { orders: ORDERS, url: shop.url };
  const shelf = new Shelf();
  await attempt(importOrders.run, shelf.open(writesMax), { input });
  const end = await attempt(importOrders.run, shelf.open(), { input });
  expect(end).toEqual({ kind: 'completed', output: { booked: [1, 2, 3] } });
  expect(shop.booked).toEqual(ORDERS);
  // The one whose end was lost was asked for again, with its key.
  expect(shop.asked()).toBe(ORDERS.length + 1);
});
