# Sourced by dist_train.sh and dist_test.sh.

# launch PROCESSES SCRIPT [arguments]: run the script in several processes with torchrun.
launch() {
    local processes=$1 nodes=${NNODES:-1} cores where
    shift
    case $processes in '' | *[!0-9]* | 0) echo "The number of processes must be a positive number, got '$processes'." >&2; exit 2 ;; esac
    cores=$(nproc)
    export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((cores / processes > 0 ? cores / processes : 1))}
    if [ "$nodes" -eq 1 ] && [ -z "${PORT:-}" ]; then
        where=(--standalone)  # a free port
    else
        where=(--nnodes "$nodes" --node-rank "${NODE_RANK:-0}"
            --master-addr "${MASTER_ADDR:-127.0.0.1}" --master-port "${PORT:-29500}")
    fi
    exec "${PYTHON:-python}" -m torch.distributed.run "${where[@]}" --nproc-per-node "$processes" "$@"
}
