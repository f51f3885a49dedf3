"""The old way against the new, query by query: papermill on this machine, and a SageMaker Processing Job.

cases     what is compared: links, SQL files, past executions, and the amounts expected of them
journal   the state file: what was begun and answered, so that a second start goes on
sides     one case on one executor
rows      two tables, row by row
verdict   what differs, and whether it is too much
page      all of it as an HTML page
"""
