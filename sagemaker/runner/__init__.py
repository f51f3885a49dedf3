"""What run_notebook.py tells as a story: settings, kernel, papermill, uploads, and the outcome it always leaves."""
