#!/usr/bin/env bash
# Test with several processes: tools/dist_test.sh CONFIG CHECKPOINT GPUS [arguments of tools/test.py]
# Several nodes: on each of them NNODES=2 NODE_RANK=0 MASTER_ADDR=<first node> PORT=29500 tools/dist_test.sh ...
# Without CUDA the processes run on the CPU. A port is chosen on a single node; PORT sets it.
set -euo pipefail
source "$(dirname "$0")/launch.sh"
[ $# -ge 3 ] || { sed -n '2,4s/^# //p' "$0"; exit 2; }
launch_torchrun "$3" "$(dirname "$0")/test.py" "$1" "$2" --launcher pytorch "${@:4}"
