import { importOrders } from './import-orders.ts';
import { research } from './research.ts';
import { review } from './review.ts';

export const workflows = [research, review, importOrders];
