"""The Python driver: mysqlclient, or PyMySQL where that could not be built."""

from importlib.metadata import version

from mysql_login import login

try:
    import MySQLdb as driver

    NAME = f"mysqlclient {version('mysqlclient')}"
except ImportError:
    import pymysql as driver

    NAME = f"PyMySQL {version('pymysql')}"


def connect(environment: dict[str, str], database: str | None, **options):
    """A connection at READ COMMITTED, without autocommit, as rowscore's."""
    chosen = {"database": database} if database else {}
    connection = driver.connect(**login(environment), **chosen, **options)
    cursor = connection.cursor()
    cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
    cursor.execute("SET SESSION time_zone = '+00:00'")
    connection.commit()
    return connection
