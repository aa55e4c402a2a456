"""A worker is killed (kill -9) in the middle of 200 registrations.

Wanted: everyone who was told that the account exists can log in; no account is half-made; the
server replaces the worker and goes on.
"""

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pymongo

from benchmarks.drills.stage import Client, Database, Drill, counted, main, server

PEOPLE, CLIENTS = 200, 8


def drill(folder: Path) -> int:
    """Run it."""
    run = Drill(f"a worker killed in the middle of {PEOPLE} registrations")
    with Database(folder) as database, server(database.uri, folder) as served:
        emails = [f"pessoa{number}@example.com" for number in range(PEOPLE)]
        before, done = served.workers, []
        clients = threading.local()

        def register(email: str):
            if not hasattr(clients, "one"):
                clients.one = Client(served.url)
            answer = clients.one.register(email)
            done.append(email)
            if len(done) == PEOPLE // 2:
                os.kill(before[0], signal.SIGKILL)
                run.say(f"killed worker {before[0]} after {len(done)} answers")
            return answer

        with ThreadPoolExecutor(CLIENTS) as pool:
            answers = list(pool.map(register, emails))
        run.say(f"registrations: {counted(answers)}")
        outcomes = dict(zip(emails, (answer.outcome for answer in answers), strict=True))
        told = [email for email, outcome in outcomes.items() if outcome == "OK"]
        run.expect("most were told that it worked", len(told) > PEOPLE * 0.8)
        lost = [email for email in told if Client(served.url).login(email).outcome != "OK"]
        run.expect(f"each of the {len(told)} logs in", not lost)
        _look_inside(run, database.uri, outcomes)
        time.sleep(1)
        run.expect("two workers serve again", len(served.workers) == len(before))
        again = Client(served.url).register("depois@example.com")
        run.expect("the server goes on", again.outcome == "OK")
    return run.verdict()


def _look_inside(run: Drill, uri: str, outcomes: dict[str, str]) -> None:
    with pymongo.MongoClient(uri) as client:
        database = client.get_default_database()
        users = list(database.users.find({}))
        sessions = {session["_id"]: session["user_id"] for session in database.sessions.find({})}
        events = list(database.security_events.find({"type": "REGISTERED"}))
        mails = list(database.outbox.find({"kind": "VERIFY_EMAIL"}))
    listed = [(session, user["_id"]) for user in users for session in user["session_ids"]]
    run.expect("every session listed has its document", set(listed) <= set(sessions.items()))
    run.expect("no session is of nobody", set(sessions.values()) == {u["_id"] for u in users})
    ids = sorted(user["_id"] for user in users)
    run.expect("one event for each account", sorted(e["user_id"] for e in events) == ids)
    run.expect("one mail for each account", sorted(m["user_id"] for m in mails) == ids)
    more = len(users) - sum(outcome == "OK" for outcome in outcomes.values())
    run.say(f"{more} accounts were made whose answer was lost with the worker: whole, too")


if __name__ == "__main__":
    main(drill)
