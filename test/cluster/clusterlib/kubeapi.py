"""A small client of the API server for tests: one connection per request, no caches."""

import http.client
import json
import socket
import ssl
import time
from urllib.parse import quote, urlencode


class ApiError(RuntimeError):
    """The API server answered with a Status that is not a success."""

    def __init__(self, status, body):
        message = body.get("message", body) if isinstance(body, dict) else body
        super().__init__(f"{status}: {message}")
        self.status = status
        self.body = body


class KubeApi:
    """Requests by path, as `kubectl get --raw` would send them, but in milliseconds."""

    def __init__(self, port, ca_file, cert_file=None, key_file=None, token=None):
        self._port = port
        self._token = token
        self._tls = ssl.create_default_context(cafile=ca_file)
        if cert_file:
            self._tls.load_cert_chain(cert_file, key_file)

    def _connect(self, timeout):
        return http.client.HTTPSConnection("127.0.0.1", self._port, timeout=timeout,
                                           context=self._tls)

    def _headers(self, content_type):
        headers = {"Accept": "application/json"}
        if content_type:
            headers["Content-Type"] = content_type
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers

    def request(self, method, path, body=None, content_type="application/json", timeout=10):
        """Sends `body` (a dict, or text) and returns the decoded answer; text if it is not JSON."""
        connection = self._connect(timeout)
        try:
            data = json.dumps(body) if isinstance(body, (dict, list)) else body
            connection.request(method, path, data, self._headers(content_type if data else None))
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            kind = answer.getheader("Content-Type", "")
            value = json.loads(text) if kind.startswith("application/json") and text else text
            if answer.status >= 400:
                raise ApiError(answer.status, value)
            return value
        finally:
            connection.close()

    def get(self, path, timeout=10):
        """The object or list at a path; None if there is none."""
        try:
            return self.request("GET", path, timeout=timeout)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def patch(self, path, body, kind="merge"):
        """Patches with kind merge, strategic-merge, json or apply (then a fieldManager is needed
        in the path)."""
        suffix = {"apply": "apply-patch+yaml"}.get(kind, f"{kind}-patch+json")
        return self.request("PATCH", path, body, f"application/{suffix}")

    def wait_object(self, path, predicate, timeout=30):
        """Watches one object until predicate(object) is true and returns the object. It is None
        while it does not exist; a LookupError or TypeError of the predicate (a field that is not
        there yet) means not yet. An API server that goes away meanwhile is tried again."""
        deadline = time.monotonic() + timeout
        seen, trouble = None, None
        while time.monotonic() < deadline:
            try:
                seen = self.get(path, timeout=max(0.1, min(5, deadline - time.monotonic())))
                if _holds(predicate, seen):
                    return seen
                for seen in self._watch_one(path, seen, deadline):
                    if _holds(predicate, seen):
                        return seen
                trouble = None
            except (OSError, http.client.HTTPException, ApiError, ValueError) as error:
                if isinstance(error, ApiError) and error.status in (401, 403):
                    raise
                trouble = error
                time.sleep(0.05)  # between connection attempts
        last = json.dumps(seen.get("status", seen)) if seen else "no such object"
        raise TimeoutError(f"{path}: not within {timeout} s; {trouble or 'last seen'}: {last}")

    def _watch_one(self, path, last, deadline):
        collection, _, name = path.rpartition("/")
        query = {"watch": "1", "fieldSelector": f"metadata.name={name}",
                 "timeoutSeconds": str(max(1, int(deadline - time.monotonic())))}
        if last:
            query["resourceVersion"] = last["metadata"]["resourceVersion"]
        connection = self._connect(timeout=max(0.1, deadline - time.monotonic()))
        try:
            connection.request("GET", f"{collection}?{urlencode(query)}", None,
                               self._headers(None))
            answer = connection.getresponse()
            if answer.status >= 400:
                raise ApiError(answer.status, answer.read().decode("utf-8", "replace"))
            for line in answer:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return
                if event["type"] != "BOOKMARK":
                    yield None if event["type"] == "DELETED" else event["object"]
        except (TimeoutError, socket.timeout):
            return
        finally:
            connection.close()


def _holds(predicate, value):
    try:
        return predicate(value)
    except (LookupError, TypeError):
        return False


def object_path(resource, name, namespace=None, group=""):
    """The path of one object: object_path("pods", "a", "default"),
    object_path("gateways", "g", "ns", "gateway.networking.k8s.io/v1")."""
    base = f"/apis/{group}" if group else "/api/v1"
    if namespace:
        base += f"/namespaces/{quote(namespace)}"
    return f"{base}/{resource}/{quote(name)}"
