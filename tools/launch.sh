# Sourced by dist_train.sh, dist_test.sh, slurm_train.sh and slurm_test.sh.

# launch_torchrun PROCESSES SCRIPT [arguments]: run the script in several processes of this node.
launch_torchrun() {
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

# launch_slurm PARTITION JOB_NAME SCRIPT [arguments]: run the script on a Slurm cluster, a process for each GPU.
launch_slurm() {
    local gpus=${GPUS:-8} per_node=${GPUS_PER_NODE:-8}
    [ "$gpus" -ge "$per_node" ] || per_node=$gpus
    export MASTER_PORT=${MASTER_PORT:-$((20000 + RANDOM % 20000))}
    # shellcheck disable=SC2086
    srun -p "$1" --job-name="$2" --gres="gpu:$per_node" --ntasks="$gpus" --ntasks-per-node="$per_node" \
        --cpus-per-task="${CPUS_PER_TASK:-5}" --kill-on-bad-exit=1 ${SRUN_ARGS:-} \
        "${PYTHON:-python}" -u "${@:3}"
}
