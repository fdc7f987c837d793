import { rootCertificates } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { parseTaskSystemOptions } from '../../src/lib/task-system/types/parseOptions.ts';
import type { ResolvedWebhooks } from '../../src/lib/task-system/types/ResolvedOptions.ts';
import { thrownBy } from '../support/thrown.ts';

const SECRET = `whsec_${Buffer.alloc(32, 'a').toString('base64')}`;
const [ROOT = '', OTHER_ROOT = ''] = rootCertificates;

function parse(webhooks: object): ResolvedWebhooks {
  return parseTaskSystemOptions({ root: '/r', tasks: {}, ...{ webhooks } }).webhooks;
}

function problemOf(webhooks: object): string {
  const error = thrownBy(() => parse(webhooks));
  expect(error.code).toBe('OPTIONS_INVALID');
  return error.message;
}

describe('the option webhooks', () => {
  it('has safe defaults', () => {
    expect(parse({})).toEqual({ allowHttp: false, allowLoopback: false, allow: [], ca: [], secrets: new Map(), maxConcurrent: 8, maxConcurrentPerEndpoint: 2, attemptTimeoutMs: 15_000 });
  });

  it.each([[ROOT, [ROOT]], [[ROOT, OTHER_ROOT], [ROOT, OTHER_ROOT]]])('takes one authority or several', (ca, expected) => {
    expect(parse({ ca }).ca).toEqual(expected);
  });

  it.each(['', 'no certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', 3, [], [ROOT, 'x'], true])('refuses %j as certificates', (ca) => {
    expect(problemOf({ ca })).toContain('webhooks.ca: expected certificates in PEM form');
  });

  it('takes one secret of a name or several', () => {
    expect(parse({ secrets: { billing: SECRET, 'ship.ping': [SECRET, SECRET] } }).secrets).toEqual(new Map([['billing', [SECRET]], ['ship.ping', [SECRET, SECRET]]]));
  });

  it.each([{ billing: 'hunter2' }, { billing: [] }, { billing: [SECRET, 'hunter2'] }, { billing: null }])('refuses the secrets %j, without printing them', (secrets) => {
    const problem = problemOf({ secrets });
    expect(problem).toContain('webhooks.secrets.billing: expected one or more of "whsec_"');
    expect(problem).not.toContain('hunter2');
  });

  it('refuses names that would be hard to write', () => {
    expect(problemOf({ secrets: { 'a b': SECRET } })).toContain('as key');
  });

  it.each([['allow', ['10.0.0.0/33']], ['allow', 'everything'], ['allowHttp', 1], ['maxConcurrent', 0], ['maxConcurrentPerEndpoint', 1.5], ['attemptTimeoutMs', 0]])('refuses %s: %j', (name, value) => {
    expect(problemOf({ [name]: value })).toContain(`webhooks.${name}`);
  });

  it('has no switch that would turn the checking of certificates off', () => {
    expect(problemOf({ rejectUnauthorized: false })).toContain('unknown option');
  });
});
