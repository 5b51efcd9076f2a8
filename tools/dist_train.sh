#!/usr/bin/env bash
# Train with several processes: tools/dist_train.sh CONFIG GPUS [arguments of tools/train.py]
# Several nodes: on each of them NNODES=2 NODE_RANK=0 MASTER_ADDR=<first node> PORT=29500 tools/dist_train.sh CONFIG 8
# Without CUDA the processes run on the CPU. A port is chosen on a single node; PORT sets it.
set -euo pipefail
source "$(dirname "$0")/launch.sh"
[ $# -ge 2 ] || { sed -n '2,4s/^# //p' "$0"; exit 2; }
launch_torchrun "$2" "$(dirname "$0")/train.py" "$1" --launcher pytorch "${@:3}"
