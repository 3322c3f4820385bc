"""The Python runtime of a local sandbox: loads the handler that _HANDLER names and speaks the Lambda Runtime API
(https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) over one connection. The process ends when the
connection does, so that nothing outlives the local runtime. Standard library only."""

import decimal
import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback
import urllib.parse

RUNTIME = "/2018-06-01/runtime"
# What a fault of the local runtime makes this process keep.
leaked = []


class RuntimeApi:
    def __init__(self, address):
        host, port = address.split(":")
        self._connection = http.client.HTTPConnection(host, int(port))

    def request(self, method, path, body=None, headers=None):
        try:
            self._connection.request(method, RUNTIME + path, body, headers or {})
            response = self._connection.getresponse()
            return response.headers, response.read()
        except (OSError, http.client.HTTPException):
            # The local runtime is gone, or ends this sandbox.
            os._exit(0)

    def report(self, path, error):
        text = json.dumps(error, ensure_ascii=False)
        print("[ERROR] %s: %s" % (error["errorType"], error["errorMessage"]), flush=True)
        for line in error.get("stackTrace", []):
            print(line.rstrip("\n"), flush=True)
        kind = urllib.parse.quote(error["errorType"])
        self.request("POST", path, text.encode(), {"Lambda-Runtime-Function-Error-Type": kind})


class Context:
    """The context object as Lambda's Python runtimes hand it over."""

    client_context = None
    identity = None

    def __init__(self, headers):
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))


class Failure(Exception):
    """A failure of the runtime's own, with the type that Lambda gives it."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.error = {"errorMessage": message, "errorType": kind, "stackTrace": []}


def error_of(error, request_id=""):
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename != __file__]
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request_id,
        "stackTrace": traceback.format_list(own),
    }


def load(full):
    """The function that `folder/module.function` names."""
    name, _, function = full.rpartition(".")
    if not name:
        raise Failure("Runtime.MalformedHandlerName", "Bad handler '%s': expected module.function" % full)
    try:
        module = importlib.import_module(name.replace("/", "."))
    except ImportError as error:
        raise Failure("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (name, error))
    except SyntaxError as error:
        raise Failure("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (name, error))
    found = getattr(module, function, None)
    if found is None:
        raise Failure("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function, name))
    return found


def plain(value):
    if isinstance(value, decimal.Decimal):
        return float(value)
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


class LogFormatter(logging.Formatter):
    converter = time.gmtime
    request_id = ""

    def format(self, record):
        self._style._fmt = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t" + self.request_id + "\t%(message)s"
        return super().format(record)


def run(api, handler, formatter, headers, body):
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    formatter.request_id = request_id
    os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id", "")
    leak = int(headers.get("Holdfast-Leak-Bytes", 0))
    if leak:
        leaked.append(bytearray(b"\x01") * leak)
    path = "/invocation/%s" % request_id
    try:
        result = handler(json.loads(body), Context(headers))
        try:
            text = json.dumps(result, default=plain, ensure_ascii=False)
        except (TypeError, ValueError) as error:
            raise Failure("Runtime.MarshalError", "Unable to marshal response: %s" % error)
    except Failure as failure:
        api.report(path + "/error", failure.error)
    except Exception as error:  # Whatever the function throws is its outcome.
        api.report(path + "/error", error_of(error, request_id))
    else:
        sys.stdout.flush()
        api.request("POST", path + "/response", text.encode(), {"Content-Type": "application/json"})


def main():
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    formatter = LogFormatter(datefmt="%Y-%m-%dT%H:%M:%S")
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(formatter)
    logging.getLogger().addHandler(output)
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load(os.environ.get("_HANDLER", ""))
    except Failure as failure:
        api.report("/init/error", failure.error)
        os._exit(1)
    except Exception as error:
        api.report("/init/error", error_of(error))
        os._exit(1)
    while True:
        headers, body = api.request("GET", "/invocation/next")
        run(api, handler, formatter, headers, body)


main()
