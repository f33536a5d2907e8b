"""Private servers for development and tests: downloaded, started, stopped, with nothing installed on the system.

From the bottom up: `common`, `signals`, `processes` and `ports` are small tools. `packages` unpacks programs from the
distribution's packages, `venvs` those from PyPI; `fresh` keeps the data of a new server to be copied. `service` is the
life of any server in a folder of its own; `database` and `aws` are such services, and `with_database` runs a command
beside them. A new version of a server is a line in `kinds`; what differs between MySQL and MariaDB is in `families`.
`clusters` has the life of three servers (`nodes`) and a proxy, `group_replication` and `galera` are such clusters, and
`tools` finds the programs that only they need. `databases` are all of them by name, single ones and clusters.

Python 3.9 or later, and nothing but its standard library.
"""
