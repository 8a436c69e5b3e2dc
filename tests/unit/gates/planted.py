"""Secrets to look for, made when they are asked for: nothing of them stands in this repository, and none is real."""

import base64
import json
import random
import string
from typing import NamedTuple

WORDS = string.ascii_letters + string.digits
URL_SAFE = WORDS + "-_"
BASE64 = WORDS + "+/"
HEX = "0123456789abcdef"


class Planted(NamedTuple):
    """A secret as it would stand in a file: `secret` is what must be found and must never be said."""

    what: str
    path: str
    lines: tuple[str, ...]
    secret: str


def planted(seed: int = 1) -> list[Planted]:
    """One of each kind, the same ones for the same `seed`."""
    r = random.Random(seed)

    def some(alphabet: str, length: int) -> str:
        return "".join(r.choices(alphabet, k=length))

    def one(what: str, path: str, line: str, secret: str) -> Planted:
        return Planted(what, path, (line.replace("@@", secret),), secret)

    def jwt() -> str:
        parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": some("0123456789", 10), "name": "Ada"})
        coded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
        return ".".join([*coded, some(URL_SAFE, 43)])

    def key(kind: str, rows: int = 12) -> tuple[str, ...]:
        return (f"-----BEGIN {kind}-----", "MII" + some(BASE64, 61), *(some(BASE64, 64) for _ in range(rows)),
                some(BASE64, 30) + "==", f"-----END {kind}-----")  # fmt: skip

    def many(what: str, path: str, lines: tuple[str, ...], row: int) -> Planted:
        return Planted(what, path, lines, lines[row])

    rsa = key("RSA " + "PRIVATE KEY")
    pkcs8 = key("PRIVATE " + "KEY")
    escaped = r"\n".join(key("PRIVATE " + "KEY"))
    password = some(string.ascii_letters, 5) + "7!" + some(string.ascii_letters, 3) + "9$"
    return [
        one("aws key id", "src/a.py", 'KEY_ID = "@@"', "AKIA" + some(string.ascii_uppercase + "234567", 16)),
        one("aws session key id", "conf.yml", "access: @@", "ASIA" + some(string.ascii_uppercase + "234567", 16)),
        one("aws secret, quoted", "src/a.py", 'aws_secret_access_key = "@@"', some(BASE64, 40)),
        one("aws secret, bare", ".aws/credentials", "aws_secret_access_key = @@", some(BASE64, 40)),
        one("aws secret, env", ".env", "AWS_SECRET_ACCESS_KEY=@@", some(BASE64, 40)),
        one("github classic", "ci.sh", "curl -H 'Authorization: token @@'", "ghp_" + some(WORDS, 36)),
        one("github server", "x.txt", "token @@ expires", "ghs_" + some(WORDS, 36)),
        one("github fine-grained", "ci.yml", "  GH: @@", "github_pat_" + some(WORDS, 22) + "_" + some(WORDS, 59)),
        one("gitlab", "README.md", "export GL=@@", "glpat-" + some(URL_SAFE, 20)),
        one("anthropic", "app.py", 'client = Anthropic("@@")', "sk-ant-api03-" + some(URL_SAFE, 93) + "AA"),
        one("anthropic oauth", ".envrc", "export T=@@", "sk-ant-oat01-" + some(URL_SAFE, 80)),
        one("openai legacy", "b.js", "const k = '@@';", "sk-" + some(WORDS, 20) + "T3BlbkFJ" + some(WORDS, 20)),
        one("openai project", "b.ts", 'key: "@@",', "sk-proj-" + some(URL_SAFE, 74) + "T3BlbkFJ" + some(URL_SAFE, 74)),
        one("google", "map.html", '<script src="https://maps/?key=@@">', "AIza" + some(URL_SAFE, 35)),
        one("google oauth", "g.json", '"x": "@@"', "GOCSPX-" + some(URL_SAFE, 28)),
        one(
            "slack bot",
            "bot.go",
            'New("@@")',
            f"xoxb-{some(string.digits, 12)}-{some(string.digits, 13)}-{some(WORDS, 24)}",
        ),
        one(
            "slack app",
            "bot.go",
            'New("@@")',
            f"xapp-1-A{some(string.ascii_uppercase, 10)}-{some(string.digits, 13)}-{some(HEX, 64)}",
        ),
        one(
            "slack webhook",
            "hook.rb",
            "post '@@'",
            f"https://hooks.slack.com/services/T{some(WORDS, 8)}/B{some(WORDS, 8)}/{some(WORDS, 24)}",
        ),
        one("stripe", "pay.py", 'stripe.api_key = "@@"', "sk_live_" + some(WORDS, 24)),
        one("stripe restricted", "pay.py", 'go("@@")', "rk_live_" + some(WORDS, 99)),
        one("npm", ".npmrc", "//packages.example.org/:_authToken=@@", "npm_" + some(WORDS, 36)),
        one("npm, elsewhere", "ci.yml", "NPM: @@", "npm_" + some(WORDS, 36)),
        one("pypi", ".pypirc", "password = @@", "pypi-AgEIcHlwaS5vcmc" + some(URL_SAFE, 150)),
        one("hugging face", "train.py", 'login("@@")', "hf_" + some(string.ascii_letters, 34)),
        one("digitalocean", "do.tf", 'x = "@@"', "dop_v1_" + some(HEX, 64)),
        one("sendgrid", "mail.py", 'sg("@@")', f"SG.{some(URL_SAFE, 22)}.{some(URL_SAFE, 43)}"),
        one("age", "keys.txt", "@@", "AGE-SECRET-KEY-1" + some("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)),
        one("vault", "v.sh", "vault login @@", "hvs." + some(URL_SAFE, 90)),
        one("docker", "d.sh", "docker login -p @@", "dckr_pat_" + some(URL_SAFE, 27)),
        one("azure storage", "az.config", 'value="AccountName=x;AccountKey=@@;"', some(BASE64, 86) + "=="),
        one("telegram", "t.py", 'bot("@@")', f"{some('123456789', 10)}:AA{some(URL_SAFE, 33)}"),
        one("jwt", "test.http", "Authorization: Bearer @@", jwt()),
        many("private key, rsa", "id_rsa", rsa, 3),
        many("private key, pkcs8 in yaml", "k.yml", ("key: |", *(f"    {line}" for line in pkcs8)), 4),
        Planted("private key in json", "sa.json", ('"private_key": "' + escaped + r'\n",',), escaped.split(r"\n")[3]),
        one("database url", "settings.py", 'DB = "postgresql://app:@@@db.example.org:5432/app"', some(WORDS, 14)),
        one("redis url", ".env", "REDIS_URL=redis://:@@@cache:6379/0", some(WORDS, 20)),
        one("basic auth url", "req.txt", "https://deploy:@@@pypi.example.org/simple", some(WORDS, 16)),
        one("password, python", "settings.py", 'PASSWORD = "@@"', password),
        one("password, yaml", "prod.yml", "  db_password: @@", some(WORDS, 12) + "4Q"),
        one("password, env", ".env", "DB_PASSWORD=@@", some(WORDS, 12) + "4q"),
        one("password, json", "c.json", '  "password": "@@",', some(WORDS, 10) + "8z"),
        one("api key, hex", "c.py", 'API_KEY = "@@"', some(HEX, 32)),
        one("token, hex", "c.py", 'auth_token = "@@"', some(HEX, 40)),
        one("token, base64", "c.ts", "const accessToken = '@@'", some(WORDS, 40)),
        one("client secret", "o.toml", 'client_secret = "@@"', some(WORDS, 32)),
        one(
            "secret key, django",
            "settings.py",
            "SECRET_KEY = '@@'",
            some(string.ascii_lowercase + string.digits + "!@#$%^&*(-_=+)", 50),
        ),
        one("bearer", "x.sh", 'curl -H "Authorization: Bearer @@"', some(WORDS, 48)),
        one("secret, docker", "Dockerfile", "ENV APP_SECRET=@@", some(WORDS, 32)),
        one("a random string, unnamed", "z.py", 'connect("db", "@@")', some(WORDS, 44)),
    ]
