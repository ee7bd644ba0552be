"""All tests of the installed package, in the order in which an operator comes by them."""

import sys
import time
import unittest

import access
import keeping
import package
import running

ROOMS = [package.Installing, running.Running, access.Access, access.Sandbox, keeping.Keeping, package.Changing]


class Said(unittest.TextTestResult):
    """One line a test, with its seconds."""

    def startTest(self, test):
        self.began = time.monotonic()
        super().startTest(test)

    def getDescription(self, test):
        return test.id().split(".", 1)[1].replace("_", " ")

    def addSuccess(self, test):
        unittest.TestResult.addSuccess(self, test)
        self.stream.writeln(f"ok ({time.monotonic() - self.began:.1f} s)")


def main():
    words = [word for word in sys.argv[1:] if word != "-k"]
    suite = unittest.TestSuite()
    for room in ROOMS:
        # In the order they are written: an installation comes before a purge.
        for name in room.__dict__:
            wanted = not words or any(word in name for word in words) or room is package.Installing
            if name.startswith("test_") and wanted:
                suite.addTest(room(name))
    runner = unittest.TextTestRunner(verbosity=2, resultclass=Said, failfast="-k" not in sys.argv, stream=sys.stdout)
    sys.exit(0 if runner.run(suite).wasSuccessful() else 1)


main()
