"""Signs each request read from stdin with botocore and prints its Authorization and X-Amz-Date.

One request per line: tab-separated fields, each base64: method, host, path, query, fields
("name:value" lines), body, access key, secret, token, region, service, time (YYYYMMDDTHHMMSSZ).
"""

import base64
import datetime
import sys

import botocore.auth
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


class FixedDatetime(datetime.datetime):
    fixed = None

    @classmethod
    def utcnow(cls):
        return cls.fixed


class FixedModule:
    datetime = FixedDatetime


botocore.auth.datetime = FixedModule


def sign(line):
    parts = [base64.b64decode(part) for part in line.rstrip("\n").split("\t")]
    body = parts.pop(5)
    (method, host, path, query, fields, access, secret, token, region, service, time) = (
        part.decode("utf-8") for part in parts
    )
    FixedDatetime.fixed = datetime.datetime.strptime(time, "%Y%m%dT%H%M%SZ")
    url = "https://" + host + path + ("?" + query if query else "")
    request = AWSRequest(method=method, url=url, data=body)
    for field in fields.splitlines():
        name, _, value = field.partition(":")
        request.headers.add_header(name, value)
    SigV4Auth(Credentials(access, secret, token or None), service, region).add_auth(request)
    return request.headers["Authorization"]


for each in sys.stdin:
    print(sign(each))
