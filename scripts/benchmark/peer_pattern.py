"""The pattern's way: SELECT everything, then score, UPDATE and commit row by row.

Argument: how many rows to do, as a sample. Prints how long the parts took, as JSON.
"""

import json
import os
import sys
import time

import joblib
import pymysql

from mysql_login import login
from tools import WORK


def main() -> None:
    sample = int(sys.argv[1])
    model = joblib.load(WORK / "iris.joblib")
    connection = pymysql.connect(**login(), database=os.environ["MYSQL_DATABASE"])
    begun, cpu = time.perf_counter(), time.process_time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, `values` FROM items WHERE prediction IS NULL")
        rows = cursor.fetchall()
        selected, selected_cpu = time.perf_counter(), time.process_time()
        for key, values in rows[:sample]:
            [probabilities] = model.predict_proba([json.loads(values)])
            prediction = json.dumps(probabilities.tolist())
            cursor.execute("UPDATE items SET prediction = %s WHERE id = %s", (prediction, key))
            connection.commit()
    done = time.perf_counter()
    print(
        json.dumps(
            {
                "rows": len(rows[:sample]),
                "select_s": selected - begun,
                "rows_s": done - selected,
                "select_cpu_s": selected_cpu - cpu,
                "rows_cpu_s": time.process_time() - selected_cpu,
            }
        )
    )


if __name__ == "__main__":
    main()
