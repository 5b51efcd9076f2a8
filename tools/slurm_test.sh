#!/usr/bin/env bash
# Test on a Slurm cluster: tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [arguments of tools/test.py]
# GPUS (8), GPUS_PER_NODE (8) and CPUS_PER_TASK (5) choose the machines, SRUN_ARGS goes to srun.
set -euo pipefail
source "$(dirname "$0")/launch.sh"
[ $# -ge 4 ] || { sed -n '2,3s/^# //p' "$0"; exit 2; }
launch_slurm "$1" "$2" "$(dirname "$0")/test.py" "$3" "$4" --launcher slurm "${@:5}"
