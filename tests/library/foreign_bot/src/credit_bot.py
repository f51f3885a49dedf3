"""Their bot: answers messages that it has not answered yet, and keeps a list of them."""

import json
from pathlib import Path

from . import config, slack
from .notebook_executor import NotebookExecutor


class CreditBot:
    def __init__(self):
        self.processed = json.loads(Path(config.PROCESSED).read_text())
        self.executor = NotebookExecutor()

    def run(self):
        for message in slack.messages():
            if message["ts"] not in self.processed:
                self.process(message["ts"], message["sql"], message.get("asid"))

    def process(self, ts, sql_query, asid):
        try:
            credit_amount = self.executor.execute(sql_query)
            slack.reply(ts, f"Recommended credit: {credit_amount:,.2f}")
        except Exception as e:
            slack.dm(config.ERROR_USER, str(e))
        self.processed.append(ts)
        Path(config.PROCESSED).write_text(json.dumps(self.processed))


if __name__ == "__main__":
    CreditBot().run()
