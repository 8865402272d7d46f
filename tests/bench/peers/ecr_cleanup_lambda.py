"""Runs the handler of awslabs/ecr-cleanup-lambda: `ecr_cleanup_lambda.py FOLDER prune`."""

import os
import sys

sys.path.insert(0, sys.argv[1])
os.environ |= {"REGION": "sa-east-1", "DRYRUN": "false", "IMAGES_TO_KEEP": "500"}

import main  # noqa: E402

main.handler({}, None)
