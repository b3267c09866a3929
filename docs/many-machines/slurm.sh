#!/bin/sh
# An array of eight tasks:  sbatch slurm.sh FOLDER_OF_TRACES
# and when all are done:    jambox merge results-*.jsonl
#SBATCH --job-name=jambox
#SBATCH --array=1-8
#SBATCH --cpus-per-task=1
#SBATCH --time=01:00:00
# Which part of how many this task is, Slurm says in variables that jambox reads. A task that is
# requeued goes on where it was. Status 1 says that cases failed, which the merged verdict tells.
jambox trace replay "$1" --results "results-$SLURM_ARRAY_TASK_ID.jsonl" || [ $? -eq 1 ]
