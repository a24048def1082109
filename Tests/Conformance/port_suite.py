"""Ports the Autobahn testsuite to Python 3: python port_suite.py FOLDER, with the Python of the environment that is to get it.

FOLDER is the suite's package as it was published. A copy goes to the environment's own packages, first through 2to3, then through the
edits below.

To the suite a message is a Python 2 byte string. Its 500 cases are not retyped: there a message stays a str whose code points are the
octets (Latin-1), and becomes bytes, and a str again, only where the suite meets autobahn's WebSocket code (`Octets`).

Each edit must find its text, so that a changed suite is noticed instead of half ported.
"""

import pathlib
import re
import shutil
import sys
import sysconfig

import fissix.main

PACKAGES = pathlib.Path(sysconfig.get_paths()["purelib"])
SUITE = PACKAGES / "autobahntestsuite"
AUTOBAHN = PACKAGES / "autobahn"
# For WAMP, for load, or for the authors' own web site: they need packages that nothing here uses.
UNUSED = ("wamp*.py", "wsperf*.py", "testdb.py", "testrun.py", "interfaces.py", "rinterfaces.py")

OCTETS = '''
import binascii


def to_bytes(text):
    return text if text is None or isinstance(text, (bytes, bytearray)) else text.encode("latin-1")


def to_str(octets):
    return octets.decode("latin-1") if isinstance(octets, (bytes, bytearray)) else octets


def b2a_hex(octets):
    return binascii.b2a_hex(to_bytes(octets)).decode("ascii")


hexlify = b2a_hex


class Octets(object):
    """Between the cases (str, one code point for each octet) and autobahn (bytes)."""

    def sendFrame(self, opcode, payload=b"", fin=True, rsv=0, mask=None, payload_len=None, chopsize=None, sync=False):
        super(Octets, self).sendFrame(opcode, to_bytes(payload), fin, rsv, to_bytes(mask), payload_len, chopsize, sync)

    def sendMessage(self, payload, isBinary=False, fragmentSize=None, sync=False, doNotCompress=False):
        super(Octets, self).sendMessage(to_bytes(payload), isBinary, fragmentSize, sync, doNotCompress)

    def sendCloseFrame(self, code=None, reasonUtf8=None, isReply=False):
        super(Octets, self).sendCloseFrame(code, to_bytes(reasonUtf8), isReply)

    def sendMessageFrameData(self, payload, sync=False):
        return super(Octets, self).sendMessageFrameData(to_bytes(payload), sync)
'''


def edit(file, *pairs):
    text = file.read_text(encoding="utf-8")
    for old, new in pairs:
        if old not in text:
            sys.exit(f"{file}: the text to be edited is not there: {old!r}")
        text = text.replace(old, new)
    file.write_text(text, encoding="utf-8")


def translate():
    """What 2to3 knows. It must run before the edits, which change what it leaves."""
    faults = fissix.main.main("fissix.fixes", ["--write", "--nobackups", "--no-diffs", str(SUITE)])
    if faults:
        sys.exit("2to3 failed; its output is above")


def take_octets(file):
    """Lets a module of the suite use octets.py where it used binascii, which takes no str."""
    # Read as Latin-1: a literal such as κόσμε (cases 6.2) was its UTF-8 octets in Python 2.
    text = file.read_bytes().decode("latin-1").replace("\r\n", "\n")
    package = ".." if file.parent.name == "case" else "."

    def without_binascii(found):
        others = [name for name in re.split(r", *", found[1].strip()) if name != "binascii"]
        return (f"import {', '.join(others)}\n" if others else "") + f"from {package} import octets as binascii"

    text = re.sub(r"^import (.*\bbinascii\b.*)$", without_binascii, text, flags=re.MULTILINE)
    # Python 3 finds no order for these bases: a case is an object anyway.
    text = text.replace("(object, Case, )", "(Case, )")
    file.write_text(text, encoding="utf-8")


def edit_cases():
    cases = SUITE / "case"
    # Pickles of equal values can differ in Python 3.
    edit(cases / "case.py", ("return pickle.dumps(obj1) == pickle.dumps(obj2)", "return obj1 == obj2"))
    edit(cases / "case6_x_x.py", ("v.validate(vss[:i])", "v.validate(vss[:i].encode('latin-1'))"), (".tostring()", ".tobytes().decode('latin-1')"))
    edit(cases / "case10_1_1.py", ("len(self.payload) / self.p.autoFragmentSize", "len(self.payload) // self.p.autoFragmentSize"))
    edit(
        cases / "case12_x_x.py",
        ("   m = hashlib.sha1()\n   m.update(msg)\n   received_hash",
         "   msg = msg.encode('latin-1')\n   m = hashlib.sha1()\n   m.update(msg)\n   received_hash"),
        ("      msg = ''\n", "      msg = '' if not self.TESTDATA['binary'] else b''\n"),
    )
    # In no list of cases, and it needs a decorator of Python 2.
    edit(cases / "__init__.py", ("from .case9_9_1 import *\n", ""))


def edit_fuzzing():
    """The protocol class that runs the cases, and its reports."""
    edit(
        SUITE / "fuzzing.py",
        ("class FuzzingProtocol:", "class FuzzingProtocol(binascii.Octets):"),
        ("return dd.decode('utf8', errors = 'replace' if replace else 'strict')",
         "return binascii.to_bytes(dd).decode('utf8', errors = 'replace' if replace else 'strict')"),
        ("         dd = data[:maxlen] + ellipses\n", "         dd = binascii.to_str(data[:maxlen]) + ellipses\n"),
        ("p = ''.join(payload)", "p = b''.join(payload)"),
        ("         self.runCase.onPong(payload)", "         self.runCase.onPong(binascii.to_str(payload))"),
        ("         self.runCase.onMessage(msg, binary)", "         self.runCase.onMessage(binascii.to_str(msg), binary)"),
        ("         def cleanBin(e_old):",
         "         caseResult = {k: binascii.to_str(v) for k, v in caseResult.items()}\n\n         def cleanBin(e_old):"),
        ("ll.encode('utf8')))", "ll))"),
        ('c[1])).encode("utf-8"))', "c[1])))"),
        ("mmask = binascii.b2a_hex(t[6])", "mmask = str(t[6])"),
        ("report_filename), 'w')", "report_filename), 'w', encoding='utf-8')"),
    )


def edit_rest():
    # Half of report.py is about WAMP.
    edit(SUITE / "report.py", ("import jinja2\n", ""))
    report = (SUITE / "report.py").read_text(encoding="utf-8")
    (SUITE / "report.py").write_text(report.split("\nfrom zope.interface import")[0], encoding="utf-8")
    edit(SUITE / "wstest.py", ("from . import serializer\n", ""))
    edit(AUTOBAHN / "websocket" / "protocol.py", ("range(payload_len / len(payload))", "range(payload_len // len(payload))"))


def main(source):
    shutil.copytree(source, SUITE, ignore=shutil.ignore_patterns(*UNUSED))
    translate()
    (SUITE / "octets.py").write_text(OCTETS, encoding="utf-8")
    for file in [*sorted(SUITE.glob("case/*.py")), SUITE / "fuzzing.py"]:
        take_octets(file)
    edit_cases()
    edit_fuzzing()
    edit_rest()


if __name__ == "__main__":
    main(sys.argv[1])
