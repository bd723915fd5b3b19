// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// A real authorization server for end-to-end tests: oidc-provider on loopback
// ports that the system chooses. It prints one line of JSON on stdout when it
// is ready, {"issuer":...,"tls":...,"control":...}, and ends when its stdin
// does, so that it never outlives the test that started it.
//
// Environment:
//   TLS_CERT, TLS_KEY, TLS_CA  PEM files of the HTTPS listener; required
//   ISSUER_TLS=1               the HTTPS origin is the issuer, not the HTTP one
//   AT_TTL                     access token lifetime in seconds; default 600
//   CLIENTS                    JSON file with an array of clients, instead of
//                              the built-in ones
//   MORE_CLIENTS               JSON file with an array of clients, beside them
//   METADATA                   JSON file with members that the metadata get too
//
// Control listener:
//   GET  /keys                    ids of the signing keys, in order
//   POST /keys/add?kid=&alg=      add a new key at the end
//   POST /keys/first?kid=         move a key to the front
//   POST /keys/remove?kid=        remove a key
//   GET  /stats                   how often keys, metadata and tokens were asked for

import { Console } from 'node:console';
import * as crypto from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { promisify } from 'node:util';

// stdout carries the ready line and nothing else. oidc-provider prints notices
// as soon as it is loaded, hence the late import.
globalThis.console = new Console(process.stderr);
const { Provider } = await import('oidc-provider');

const HOST = '127.0.0.1';
const MAX_LIFE_MS = 15 * 60 * 1000;
const CLIENT_IDLE_MS = 120 * 1000;

process.stdin.on('close', () => process.exit(0)).on('error', () => process.exit(0)).resume();
setTimeout(() => {
  console.error('server.mjs: still running after 15 minutes; giving up');
  process.exit(1);
}, MAX_LIFE_MS);

const lifetime = Number(process.env.AT_TTL || 600);
if (!Number.isSafeInteger(lifetime) || lifetime < 1) {
  throw new Error(`AT_TTL is ${process.env.AT_TTL}; give whole seconds, at least 1`);
}

function file(name) {
  if (!process.env[name]) throw new Error(`${name} is not set; give the path of a PEM file`);
  return fs.readFileSync(process.env[name]);
}

// ---- Clients

// At least 32 bytes, which client_secret_jwt with HS256 needs.
const SECRET = 'sekret-0123456789-0123456789-abcdef';
// Differs from its form-encoded self in every way that Basic cares about.
const ODD_SECRET = 'p:%+&=/ ~sec ret-0123456789-0123456789';

const machine = { grant_types: ['client_credentials'], response_types: [], redirect_uris: [], scope: 'read write' };
const user = { response_types: ['code'], scope: 'openid offline_access read write' };

const builtinClients = [
  { client_id: 'rs-basic', client_secret: SECRET, token_endpoint_auth_method: 'client_secret_basic', ...machine },
  { client_id: 'rs:basic+odd', client_secret: ODD_SECRET, token_endpoint_auth_method: 'client_secret_basic', ...machine },
  { client_id: 'rs-post', client_secret: SECRET, token_endpoint_auth_method: 'client_secret_post', ...machine },
  { client_id: 'rs-csjwt', client_secret: SECRET, token_endpoint_auth_method: 'client_secret_jwt', ...machine },
  { client_id: 'rs-jwtintro', client_secret: SECRET, introspection_signed_response_alg: 'RS256', ...machine },
  { client_id: 'rs-jwtintro-es256', client_secret: SECRET, introspection_signed_response_alg: 'ES256', ...machine },
  { client_id: 'rs-jwtintro-eddsa', client_secret: SECRET, introspection_signed_response_alg: 'EdDSA', ...machine },
  { client_id: 'cc-bound', client_secret: SECRET, tls_client_certificate_bound_access_tokens: true, ...machine },
  {
    // Nothing listens on the redirect port: a test reads the Location header.
    client_id: 'web', client_secret: SECRET,
    redirect_uris: [`http://${HOST}:9399/cb`], post_logout_redirect_uris: [`http://${HOST}:9399/bye`],
    grant_types: ['authorization_code', 'refresh_token'], ...user,
  },
  {
    // A native client may add any port to its loopback redirect (RFC 8252 section 7.3).
    client_id: 'native', application_type: 'native', token_endpoint_auth_method: 'none',
    redirect_uris: [`http://${HOST}/cb`],
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'], ...user,
  },
];

function json(name, absent) {
  return process.env[name] ? JSON.parse(fs.readFileSync(process.env[name], 'utf8')) : absent;
}

const clients = [...json('CLIENTS', builtinClients), ...json('MORE_CLIENTS', [])];

// ---- Storage

// Shared by successive Providers, so that tokens and grants survive a rotation.
const entries = new Map();
const grants = new Map();

class Adapter {
  constructor(model) { this.model = model; }

  key(id) { return `${this.model}:${id}`; }

  async upsert(id, payload, expiresIn) {
    const key = this.key(id);
    entries.set(key, { payload, expires: expiresIn ? Date.now() + expiresIn * 1000 : Infinity });
    if (payload.grantId && this.model !== 'Grant') {
      if (!grants.has(payload.grantId)) grants.set(payload.grantId, new Set());
      grants.get(payload.grantId).add(key);
    }
  }

  async find(id) {
    const entry = entries.get(this.key(id));
    return entry && entry.expires > Date.now() ? entry.payload : undefined;
  }

  async scan(matches) {
    for (const [key, entry] of entries) {
      if (key.startsWith(`${this.model}:`) && entry.expires > Date.now() && matches(entry.payload)) return entry.payload;
    }
    return undefined;
  }

  async findByUid(uid) { return this.scan((payload) => payload.uid === uid); }

  async findByUserCode(code) { return this.scan((payload) => payload.userCode === code); }

  async destroy(id) { entries.delete(this.key(id)); }

  async consume(id) {
    const entry = entries.get(this.key(id));
    if (entry) entry.payload.consumed = Math.floor(Date.now() / 1000);
  }

  async revokeByGrantId(grantId) {
    for (const key of grants.get(grantId) ?? []) entries.delete(key);
    grants.delete(grantId);
  }
}

// ---- Keys

const generateKeyPair = promisify(crypto.generateKeyPair);

const keyTypes = new Map([
  ['RS256', ['rsa', { modulusLength: 2048 }]],
  ['ES256', ['ec', { namedCurve: 'P-256' }]],
  ['EdDSA', ['ed25519', {}]],
]);

async function generateKey(kid, alg) {
  const { privateKey } = await generateKeyPair(...keyTypes.get(alg));
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg, kid };
}

// ---- Listeners

// They come before the Provider, because its issuer identifier holds a port.
async function listen(server) {
  server.keepAliveTimeout = CLIENT_IDLE_MS;
  server.listen(0, HOST);
  await once(server, 'listening');
  return `${HOST}:${server.address().port}`;
}

const stats = { jwks: 0, discovery: 0, introspection: 0 };
const counted = new Map([
  ['/jwks', 'jwks'],
  ['/.well-known/openid-configuration', 'discovery'],
  ['/.well-known/oauth-authorization-server', 'discovery'],
  ['/token/introspection', 'introspection'],
]);
let handler = (_req, res) => res.writeHead(503).end();

function serve(req, res) {
  const name = counted.get(req.url.split('?')[0]);
  if (name) stats[name] += 1;
  handler(req, res);
}

const httpOrigin = `http://${await listen(http.createServer(serve))}`;
// Callers without a certificate, or with one of their own making, get as far as
// the Provider: it is the one to judge them.
const tlsOrigin = `https://${await listen(https.createServer({
  cert: file('TLS_CERT'), key: file('TLS_KEY'), ca: file('TLS_CA'), requestCert: true, rejectUnauthorized: false,
}, serve))}`;
const issuer = process.env.ISSUER_TLS === '1' ? tlsOrigin : httpOrigin;

// ---- Provider

const peerCertificate = (ctx) => ctx.socket.getPeerX509Certificate?.();

function certificateSubjectMatches(ctx, property, expected) {
  const certificate = peerCertificate(ctx);
  switch (property) {
    case 'tls_client_auth_san_dns':
      return certificate.checkHost(expected, { subject: 'never' }) !== undefined;
    case 'tls_client_auth_subject_dn':
      // Node: a line per attribute, in certificate order. RFC 4514: the reverse.
      return certificate.subject.split('\n').reverse().join(',') === expected;
    default:
      return false;
  }
}

// The name of a resource says what its access tokens look like.
function resourceServer(_ctx, resource) {
  let alg = 'RS256';
  if (resource.includes('es256')) alg = 'ES256';
  if (resource.includes('eddsa')) alg = 'EdDSA';
  return {
    scope: 'read write',
    audience: resource,
    accessTokenTTL: lifetime,
    accessTokenFormat: resource.includes('opaque') ? 'opaque' : 'jwt',
    jwt: { sign: { alg } },
  };
}

const configuration = {
  adapter: Adapter,
  clients,
  clientAuthMethods: [
    'none', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt',
    'tls_client_auth', 'self_signed_tls_client_auth',
  ],
  cookies: { keys: [crypto.randomBytes(32).toString('base64url')] },
  discovery: {
    ...json('METADATA', {}),
    mtls_endpoint_aliases: {
      token_endpoint: `${tlsOrigin}/token`,
      introspection_endpoint: `${tlsOrigin}/token/introspection`,
      revocation_endpoint: `${tlsOrigin}/token/revocation`,
      device_authorization_endpoint: `${tlsOrigin}/device/auth`,
    },
  },
  features: {
    clientCredentials: { enabled: true },
    deviceFlow: { enabled: true },
    // Login and consent forms that take any password.
    devInteractions: { enabled: true },
    dPoP: { enabled: true },
    introspection: { enabled: true },
    jwtIntrospection: { enabled: true },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      tlsClientAuth: true,
      selfSignedTlsClientAuth: true,
      getCertificate: peerCertificate,
      certificateAuthorized: (ctx) => ctx.socket.authorized === true,
      certificateSubjectMatches,
    },
    resourceIndicators: { enabled: true, getResourceServerInfo: resourceServer, useGrantedResource: () => true },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, email: `${id}@example.test` }),
  }),
  pkce: { required: () => true },
  scopes: ['openid', 'offline_access', 'read', 'write'],
  ttl: { AccessToken: lifetime, ClientCredentials: lifetime },
};

let keys;

// A Provider cannot change its keys, so a rotation puts a new one in its place.
// The first key that fits an algorithm signs.
function use(next) {
  const provider = new Provider(issuer, { ...configuration, jwks: { keys: next } });
  provider.on('server_error', (_ctx, err) => console.error('server_error', err));
  handler = provider.callback();
  keys = next;
}

use(await Promise.all([generateKey('rsa-1', 'RS256'), generateKey('ec-1', 'ES256'), generateKey('ed-1', 'EdDSA')]));

// ---- Control

class Refusal extends Error {}

function find(kid) {
  const key = keys.find((k) => k.kid === kid);
  if (!key) throw new Refusal(`no key has the kid ${JSON.stringify(kid)}`);
  return key;
}

async function control(route, query) {
  const kid = query.get('kid');
  switch (route) {
    case 'GET /keys':
      break;
    case 'GET /stats':
      return stats;
    case 'POST /keys/add': {
      const alg = query.get('alg');
      if (!kid) throw new Refusal('kid is missing');
      if (!keyTypes.has(alg)) throw new Refusal(`alg is ${JSON.stringify(alg)}; give one of ${[...keyTypes.keys()]}`);
      const key = await generateKey(kid, alg);
      // Only now: another request may have been faster.
      if (keys.some((k) => k.kid === kid)) throw new Refusal(`a key already has the kid ${JSON.stringify(kid)}`);
      use([...keys, key]);
      break;
    }
    case 'POST /keys/first': {
      const key = find(kid);
      use([key, ...keys.filter((k) => k !== key)]);
      break;
    }
    case 'POST /keys/remove': {
      const key = find(kid);
      if (keys.length === 1) throw new Refusal('this is the only key; add another one first');
      use(keys.filter((k) => k !== key));
      break;
    }
    default:
      throw new Refusal(`no such control: ${route}`);
  }
  return { keys: keys.map((k) => k.kid) };
}

const controlOrigin = `http://${await listen(http.createServer(async (req, res) => {
  let status = 200;
  let reply;
  try {
    const url = new URL(req.url, `http://${HOST}`);
    reply = await control(`${req.method} ${url.pathname}`, url.searchParams);
  } catch (err) {
    status = err instanceof Refusal ? 400 : 500;
    if (status === 500) console.error('control', err);
    reply = { error: err.message };
  }
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(reply));
}))}`;

process.stdout.write(`${JSON.stringify({ issuer, tls: tlsOrigin, control: controlOrigin })}\n`);
