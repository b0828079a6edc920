import { describe, expect, test } from 'vitest';

import { type Ready, readyFact, readyText } from './say.ts';

const ready: Ready = {
  url: 'http://localhost:8000',
  home: '/home/ada/.sagewai',
  usual: true,
  models: ['simulated'],
  workers: 2,
  adminToken: 'sat-admin',
  virtualKey: 'sk-virtual',
  enrollmentKey: 'sk-fleet-local',
  organization: 'org',
  project: 'proj',
  first: true,
  login: { kind: 'here' },
};

test('programs get exactly what is promised', () => {
  expect(readyFact(ready)).toEqual({
    url: 'http://localhost:8000',
    admin_token: 'sat-admin',
    virtual_key: 'sk-virtual',
    organization: 'org',
    project: 'proj',
    home: '/home/ada/.sagewai',
  });
});

describe('people', () => {
  test('are shown the credentials at the first start only', () => {
    expect(readyText(ready)).toMatch(/sat-admin[^]*sk-virtual/);
    const later = readyText({ ...ready, first: false });
    expect(later).not.toMatch(/sat-admin|sk-virtual|sk-fleet/);
    expect(later).toContain('up.json');
  });

  test('are told how commands find a home that is not the usual one', () => {
    expect(readyText(ready)).not.toContain('SAGEWAI_HOME');
    const elsewhere = readyText({ ...ready, usual: false, home: "/srv/ada's home" });
    expect(elsewhere).toContain(`export SAGEWAI_HOME='/srv/ada'\\''s home'`);
  });

  test('who are logged in to another server are told, and stay so', () => {
    const url = 'https://sagewai.acme.example';
    const text = readyText({ ...ready, login: { kind: 'elsewhere', url } });
    expect(text).toContain('sagewai login --gateway http://localhost:8000');
    expect(text).toContain(url);
  });
});
