"""What the doctor looks at: settings, AWS, Slack, Looker, and through a small job what only a job sees."""
