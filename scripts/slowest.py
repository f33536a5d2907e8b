"""Prints the ten slowest tests of a run of cargo-nextest.

python3 scripts/slowest.py target/nextest/default/junit.xml
"""

import sys
from xml.etree import ElementTree


def main() -> None:
    tests = list(ElementTree.parse(sys.argv[1]).iter("testcase"))
    tests.sort(key=lambda test: float(test.get("time", 0)), reverse=True)
    print(f"the slowest of {len(tests)} tests:")
    for test in tests[:10]:
        print(f"{float(test.get('time', 0)):8.2f} s  {test.get('classname')} {test.get('name')}")


if __name__ == "__main__":
    main()
