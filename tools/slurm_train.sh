#!/usr/bin/env bash
# Train on a Slurm cluster: tools/slurm_train.sh PARTITION JOB_NAME CONFIG [arguments of tools/train.py]
# GPUS (8), GPUS_PER_NODE (8) and CPUS_PER_TASK (5) choose the machines, SRUN_ARGS goes to srun.
# Two minutes before its time is over the job gets a SIGTERM, saves a checkpoint and ends; --resume goes on.
set -euo pipefail
source "$(dirname "$0")/launch.sh"
[ $# -ge 3 ] || { sed -n '2,4s/^# //p' "$0"; exit 2; }
SRUN_ARGS="--signal=TERM@120 ${SRUN_ARGS:-}" launch_slurm "$1" "$2" "$(dirname "$0")/train.py" "$3" --launcher slurm "${@:4}"
