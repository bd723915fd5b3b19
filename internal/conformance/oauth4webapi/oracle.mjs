// SPDX-FileCopyrightText: The bearerkit authors
// SPDX-License-Identifier: Apache-2.0

// Answers questions with oauth4webapi alone, so that tests can compare what it
// says with what bearerkit says. A question is a line of JSON on stdin,
// {"id":...,"op":...,"args":{...}}, and is answered by a line of JSON on stdout,
// {"id":...,"reply":{...}}, or {"id":...,"error":"..."} if there is no answer.
// Questions are answered one after the other. The first line, {"id":0,...}, comes
// without a question: it says that the process is ready. It ends when its stdin
// does, so that it never outlives the test that started it.
//
// Operations, with bytes as base64 throughout:
//   call       send an HTTP request, and read the challenges of the response
//   challenges read the challenges of a response with these header lines
//   resource   find and read the metadata of a protected resource
//   token      verify a JWT access token

import { Console } from 'node:console';
import * as http2 from 'node:http2';
import { createInterface } from 'node:readline';

// stdout carries the answers and nothing else.
globalThis.console = new Console(process.stderr);
const oauth = await import('oauth4webapi');

const MAX_LIFE_MS = 15 * 60 * 1000;
const REQUEST_MS = 10 * 1000;

process.stdin.on('close', () => process.exit(0)).on('error', () => process.exit(0));
setTimeout(() => {
  console.error('oracle.mjs: still running after 15 minutes; giving up');
  process.exit(1);
}, MAX_LIFE_MS);

// Everything happens on loopback, and much of it without TLS.
const insecure = { [oauth.allowInsecureRequests]: true };
const options = () => ({ ...insecure, signal: AbortSignal.timeout(REQUEST_MS) });

const latin1 = (base64) => Buffer.from(base64, 'base64').toString('latin1');

// A refusal by the library, as opposed to something that went wrong here.
function refusal(err) {
  const own = err instanceof oauth.OperationProcessingError || err instanceof oauth.UnsupportedOperationError
    // What cannot be decoded at all.
    || (err instanceof TypeError && err.code === 'ERR_INVALID_ARG_VALUE');
  if (!own) throw err;
  return { code: err.code, message: err.message };
}

// ---- Challenges

// challengesOf has the library read the challenges of the response to a request
// that send makes.
async function challengesOf(send, url = new URL('http://rs.test/'), method = 'POST', headers = {}, body = null) {
  let response;
  let challenges = null;
  try {
    // The token is a placeholder: send puts what the test wants in its place.
    response = await oauth.protectedResourceRequest('placeholder', method, url, new Headers(headers), body, {
      ...options(), [oauth.customFetch]: send,
    });
  } catch (err) {
    if (!(err instanceof oauth.WWWAuthenticateChallengeError)) throw err;
    ({ response } = err);
    challenges = err.cause;
  }
  await response.body?.cancel();
  return { status: response.status, header: response.headers.get('www-authenticate'), challenges };
}

// fetchHTTP2 is fetch over cleartext HTTP/2, which fetch itself does not speak.
// The response has the leading header only, as that of fetch.
function fetchHTTP2(href, { method, headers, body, signal }) {
  const url = new URL(href);
  return new Promise((resolve, reject) => {
    const session = http2.connect(url.origin);
    const end = (err) => {
      session.destroy();
      reject(err);
    };
    session.on('error', end);
    signal.addEventListener('abort', () => end(signal.reason));
    const stream = session.request({ ...headers, ':method': method, ':path': url.pathname + url.search });
    stream.on('error', end);
    stream.on('response', (fields) => {
      const received = new Headers();
      for (const [name, value] of Object.entries(fields)) {
        if (name.startsWith(':')) continue;
        for (const one of [value].flat()) received.append(name, one);
      }
      const response = new Response(null, { status: fields[':status'], headers: received });
      stream.resume().on('close', () => {
        session.destroy();
        resolve(response);
      });
    });
    stream.end(body ?? undefined);
  });
}

async function call({ url, method, headers, body, authorization, http2: overHTTP2 }) {
  const send = (href, init) => {
    const sent = { ...init.headers };
    delete sent.authorization;
    if (authorization !== undefined) sent.authorization = authorization;
    return (overHTTP2 ? fetchHTTP2 : fetch)(href, { ...init, headers: sent });
  };
  return challengesOf(send, new URL(url), method, headers, method === 'GET' ? null : Buffer.from(body ?? '', 'base64'));
}

async function challenges({ lines }) {
  const headers = new Headers();
  try {
    for (const line of lines) headers.append('www-authenticate', latin1(line));
  } catch (err) {
    return { impossible: err.message };
  }
  return challengesOf(async () => new Response(null, { status: 401, headers }));
}

// ---- Metadata

async function resource({ resource: identifier, expect }) {
  const found = {};
  const send = async (href, init) => {
    const response = await fetch(href, init);
    found.url = href;
    // The library looks at it only where the body is not JSON.
    found.type = response.headers.get('content-type');
    return response;
  };
  try {
    const response = await oauth.resourceDiscoveryRequest(new URL(identifier), { ...options(), [oauth.customFetch]: send });
    found.metadata = await oauth.processResourceDiscoveryResponse(new URL(expect ?? identifier), response);
  } catch (err) {
    found.refusal = refusal(err);
  }
  return found;
}

// ---- Tokens

// The library keeps the keys of an authorization server with the object that
// stands for it, hence one object per issuer.
const servers = new Map();

async function discover(issuer) {
  if (!servers.has(issuer)) {
    const url = new URL(issuer);
    servers.set(issuer, await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, options())));
  }
  return servers.get(issuer);
}

const realNow = Date.now;

// Without jwks, the issuer's metadata and keys are fetched; with it they are not
// asked for, and now, in seconds, is what the clock says.
async function token({ issuer, jwks, now, audience, token: encoded, tolerance, algorithms }) {
  let request;
  try {
    request = new Request('http://rs.test/', { method: 'POST', headers: { authorization: `Bearer ${latin1(encoded)}` } });
  } catch (err) {
    return { refusal: { code: 'HEADER', message: err.message } };
  }
  const settings = { ...options(), [oauth.clockTolerance]: tolerance, signingAlgorithms: algorithms };
  let server;
  if (jwks === undefined) {
    server = await discover(issuer);
  } else {
    server = { issuer, jwks_uri: 'https://unused.test/jwks' };
    settings[oauth.jwksCache] = { jwks, uat: now };
    Date.now = () => now * 1000;
  }
  try {
    return { claims: await oauth.validateJwtAccessToken(server, request, audience, settings) };
  } catch (err) {
    return { refusal: refusal(err) };
  } finally {
    Date.now = realNow;
  }
}

// ---- Questions

const operations = { call, challenges, resource, token };

function answer(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

answer({ id: 0, reply: {} });
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { id, op, args } = JSON.parse(line);
  try {
    answer({ id, reply: await operations[op](args) });
  } catch (err) {
    answer({ id, error: `${err?.stack ?? err}${err?.cause ? `; cause: ${err.cause}` : ''}` });
  }
}
