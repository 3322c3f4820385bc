/**
 * The Node runtime of a local sandbox: loads the handler that `_HANDLER` names and speaks the Lambda Runtime API
 * (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html). One raw keep-alive connection, and the answer
 * travels with the next poll in one write: that is half the cost of node:http here. The process ends when the
 * connection does, so that nothing outlives the local runtime. Plain JavaScript: it runs in the child as it is.
 */
'use strict';

const { readFileSync, statSync } = require('node:fs');
const Module = require('node:module');
const net = require('node:net');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const { env } = process;
const address = env.AWS_LAMBDA_RUNTIME_API ?? '';
const [host, port] = address.split(':');
const RUNTIME = '/2018-06-01/runtime';
const NEXT = `GET ${RUNTIME}/invocation/next HTTP/1.1\r\nHost: ${address}\r\n\r\n`;
/** Node.js 24 and later know no callbacks; 0 for other names. */
const major = Number(/nodejs(\d+)/.exec(env.AWS_EXECUTION_ENV ?? '')?.[1] ?? 0);

/** @type {(event: unknown, context: object, callback?: (error: unknown, result?: unknown) => void) => unknown} */
let handler = () => undefined;
let ready = false;
/** @type {string | undefined} */
let currentId;
/** Set once the process only waits for its last report to be taken. @type {number | undefined} */
let exitCode;
/** What an empty event loop means at the moment. @type {(() => void) | undefined} */
let onEmptyLoop;

const socket = net.connect({ host, port: Number(port), noDelay: true });
socket.on('error', () => process.exit(exitCode ?? 0));
socket.on('close', () => process.exit(exitCode ?? 0));

/** @param {string} where @param {string} body @param {string} [more] headers @param {string} [then] what follows */
function post(where, body, more = '', then = '') {
  socket.write(
    `POST ${RUNTIME}/${where} HTTP/1.1\r\nHost: ${address}\r\nContent-Type: application/json\r\n${more}` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}${then}`,
  );
}

/** @param {string} name @param {string} message @param {string} [stack] */
function runtimeError(name, message, stack) {
  const error = new Error(message);
  error.name = name;
  error.stack = stack ?? `${name}: ${message}`;
  return error;
}

/** Error object as Lambda's Node runtimes report it; also written to the function's log. @param {unknown} error */
function report(where, error, label, then) {
  const isError =
    error instanceof Error || (typeof error === 'object' && error !== null && 'message' in error);
  const body = isError
    ? {
        errorType: error.name ?? 'Error',
        errorMessage: error.message,
        trace: String(error.stack ?? '').split('\n'),
      }
    : { errorType: typeof error, errorMessage: String(error), trace: [] };
  const json = JSON.stringify(body);
  process.stderr.write(`${label}\t${json}\n`);
  const type = encodeURIComponent(String(body.errorType));
  post(where, json, `Lambda-Runtime-Function-Error-Type: ${type}\r\n`, then);
}

/** @param {unknown} error @param {number} code */
function die(error, code) {
  if (exitCode !== undefined) return;
  exitCode = code;
  if (ready && currentId === undefined) process.exit(code);
  if (currentId === undefined) report('init/error', error, 'Init Error');
  else report(`invocation/${currentId}/error`, error, 'Uncaught Exception');
  // The report's acknowledgement ends the process; this is for a host that no longer answers.
  setTimeout(() => process.exit(code), 1000);
}
process.on('uncaughtException', (error) => die(error, 129));
process.on('unhandledRejection', (reason) => {
  const stack = reason instanceof Error ? reason.stack : undefined;
  die(runtimeError('Runtime.UnhandledPromiseRejection', String(reason), stack), 128);
});
process.on('beforeExit', () => onEmptyLoop?.());

/** What a fault of the local runtime makes this process keep. @type {number[][]} */
const leaked = [];

/** @param {string} requestId @param {Record<string, string>} headers @param {string} payload */
function invoke(requestId, headers, payload) {
  // Numbers of 8 bytes on the heap of V8, which the function's memory size limits.
  const leak = Number(headers['holdfast-leak-bytes'] ?? 0);
  if (leak > 0) leaked.push(new Array(Math.ceil(leak / 8)).fill(0.5));
  currentId = requestId;
  let settled = false;
  const settle = (error, result, failed) => {
    if (settled || exitCode !== undefined) return;
    settled = true;
    currentId = undefined;
    onEmptyLoop = undefined;
    socket.ref();
    let body = 'null';
    try {
      if (!failed) body = JSON.stringify(result === undefined ? null : result) ?? 'null';
    } catch (cause) {
      return settleWith(
        runtimeError('Runtime.MarshalError', `Unable to stringify response body: ${cause.message}`),
      );
    }
    if (failed) settleWith(error);
    else post(`invocation/${requestId}/response`, body, '', NEXT);
  };
  const settleWith = (error) => report(`invocation/${requestId}/error`, error, 'Invoke Error', NEXT);
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
  const callback = (error, result) => {
    const finish = () => settle(error, result, error !== undefined && error !== null);
    if (context.callbackWaitsForEmptyEventLoop) onEmptyLoop = finish;
    else finish();
  };
  env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
  // From here only what the handler started keeps the event loop alive; Lambda answers null when nothing does.
  socket.unref();
  onEmptyLoop = () => settle(undefined, null, false);
  try {
    const event = JSON.parse(payload);
    const returned = major >= 24 ? handler(event, context) : handler(event, context, callback);
    if (typeof returned?.then === 'function') {
      returned.then(
        (result) => settle(undefined, result, false),
        (error) => settle(error, undefined, true),
      );
    } else if (major >= 24) {
      settle(undefined, returned, false);
    }
  } catch (error) {
    settle(error, undefined, true);
  }
}

/** @type {Buffer[]} */
let chunks = [];
let size = 0;
let needed = 0;
socket.on('data', (chunk) => {
  chunks.push(chunk);
  size += chunk.length;
  if (size < needed) return;
  let received = chunks.length === 1 ? chunk : Buffer.concat(chunks);
  for (;;) {
    const headEnd = received.indexOf('\r\n\r\n');
    const [status, ...lines] = received.latin1Slice(0, Math.max(0, headEnd)).split('\r\n');
    /** @type {Record<string, string>} */
    const headers = {};
    for (const line of lines) {
      const colon = line.indexOf(':');
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const end = headEnd < 0 ? Number.POSITIVE_INFINITY : headEnd + 4 + Number(headers['content-length'] ?? 0);
    if (received.length < end) {
      chunks = received.length === 0 ? [] : [received];
      size = received.length;
      needed = headEnd < 0 ? 0 : end;
      return;
    }
    const body = received.toString('utf8', headEnd + 4, end);
    received = received.subarray(end);
    if (exitCode !== undefined) process.exit(exitCode);
    const requestId = headers['lambda-runtime-aws-request-id'];
    if (status.slice(9, 12) === '200' && requestId !== undefined) invoke(requestId, headers, body);
  }
});

/** @param {string} file */
const isFile = (file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true;

/** The package.json that says what a script in the folder is. @param {string} folder @returns {string | undefined} */
function packageFileOf(folder) {
  const file = path.join(folder, 'package.json');
  if (isFile(file)) return file;
  const above = path.dirname(folder);
  return above === folder ? undefined : packageFileOf(above);
}

/**
 * On AWS nothing lies above a function's code. Here a project does that may call its scripts modules, and Node would take the
 * function's for such, too.
 * @param {string} root folder of the code
 */
function hidePackageAbove(root) {
  const above = packageFileOf(root);
  if (above === undefined || above.startsWith(root + path.sep)) return;
  if (JSON.parse(readFileSync(above, 'utf8')).type !== 'module') return;
  const ordinary = Module._extensions['.js'];
  Module._extensions['.js'] = (module, file) => {
    const isOfProject = file.startsWith(root + path.sep) && packageFileOf(path.dirname(file)) === above;
    if (!isOfProject) return ordinary(module, file);
    module._compile(readFileSync(file, 'utf8'), file, 'commonjs');
  };
}

/** @param {string} root @param {string} name module path without extension */
async function importModule(root, name) {
  const file = ['', '.js', '.mjs', '.cjs'].map((ending) => path.resolve(root, name + ending)).find(isFile);
  if (file === undefined)
    throw runtimeError('Runtime.ImportModuleError', `Error: Cannot find module '${name}'`);
  if (file.endsWith('.mjs')) return import(pathToFileURL(file).href);
  try {
    return require(file);
  } catch (error) {
    const isModule = error?.code === 'ERR_REQUIRE_ESM' || error?.code === 'ERR_REQUIRE_ASYNC_MODULE';
    if (isModule) return import(pathToFileURL(file).href);
    throw error;
  }
}

async function load() {
  const full = env._HANDLER ?? '';
  const [, folder = '', name, exported] = /^(.*\/)?([^/.]+)\.(.+)$/.exec(full) ?? [];
  if (name === undefined) throw runtimeError('Runtime.MalformedHandlerName', `Bad handler '${full}'`);
  const root = path.resolve(env.LAMBDA_TASK_ROOT ?? process.cwd());
  hidePackageAbove(root);
  const loaded = await importModule(root, folder + name);
  const found = exported.split('.').reduce((from, key) => from?.[key], loaded);
  if (typeof found !== 'function') {
    throw runtimeError('Runtime.HandlerNotFound', `${full} is undefined or not exported`);
  }
  if (major >= 24 && found.length >= 3) {
    const message = `${full} takes a callback, which Lambda has removed with Node.js 24; use an async handler`;
    throw runtimeError('Runtime.CallbackHandlerDeprecated', message);
  }
  handler = found;
}

load().then(
  () => {
    ready = true;
    socket.write(NEXT);
  },
  (error) => {
    const missing = error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND';
    const kind = missing
      ? 'ImportModuleError'
      : error instanceof SyntaxError
        ? 'UserCodeSyntaxError'
        : undefined;
    die(kind === undefined ? error : runtimeError(`Runtime.${kind}`, String(error), error.stack), 1);
  },
);
