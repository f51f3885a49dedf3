import json
import pytest
from tests.job.conftest import new_job, job
from tests.own_notebook.notebooks import *

CASES = {
 "frame": ["import pandas as pd\noutput_df = pd.DataFrame({'a':[1.5],'b':['x']})\ncredit_amount = 12.345\nmrr='odd'"],
 "chdir": ["import os\nos.chdir('/')\ncredit_amount = 1"],
 "exit": ["credit_amount = 3\nimport sys\nsys.exit(0)", "credit_amount = 9"],
 "none": ["x = 1"],
 "str": ["credit_amount = '5'"],
 "result": ["import json, os\njson.dump({'credit_amount': 4948.8, 'output_df': [], 'execution_id': os.environ['EXECUTION_ID'], 'timestamp': '2026-01-15T12:34:56Z','mrr':3,'mine':[1]}, open('result.json','w'))"],
 "s3": ["import json, os, boto3\nboto3.client('s3').put_object(Bucket=os.environ['S3_OUTPUT_BUCKET'], Key='credits-automation/outputs/'+os.environ['EXECUTION_ID']+'/result.json', Body=json.dumps({'credit_amount': 4948.8, 'output_df': [], 'execution_id': os.environ['EXECUTION_ID'], 'timestamp': '2026-01-15T12:34:56Z'}))","x=1"],
 "module": ["import nosuchmodule"],
 "input": ["input()"],
 "die": ["import os\nos._exit(0)"],
}
@pytest.mark.parametrize("case", CASES)
def test_it(job, tmp_path, case):
    folder = notebook_folder(tmp_path, *CASES[case])
    code = job.run(NOTEBOOK_DIR=str(folder), NOTEBOOK=NAME)
    out = job.outputs()
    print(case, code, json.loads(out.get("result.json") or out.get("error.json") or b"{}"), sorted(out))
    print(job.log[-600:] if code not in (0,17,18) else "")
