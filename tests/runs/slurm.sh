#!/usr/bin/env bash
# A Slurm cluster of one node on this machine, as root, without systemd, cgroups or accounting.
#   tests/slurm.sh start DIR    configuration, keys, sockets and logs in DIR; then: export SLURM_CONF=DIR/slurm.conf
#   tests/slurm.sh stop DIR
set -euo pipefail
mkdir -p "$2"
dir=$(realpath "$2")
export SLURM_CONF=$dir/slurm.conf

finish() { # PIDFILE: end the daemon named there, and wait until it is gone
    [ -s "$dir/$1" ] || return 0
    pid=$(cat "$dir/$1")
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep .1; done
    kill -9 "$pid" 2>/dev/null || true
    rm -f "$dir/$1"
}

stop() {
    scancel --quiet --user "$(id -un)" 2>/dev/null || true
    for _ in $(seq 200); do [ -n "$(squeue -h 2>/dev/null)" ] || break; sleep .1; done
    for daemon in slurmd slurmctld munged; do finish $daemon.pid; done
}

start() {
    [ "$(id -u)" = 0 ] || { echo "Slurm is started as root here" >&2; exit 3; }
    for program in munged slurmctld slurmd sbatch; do
        command -v $program >/dev/null || { echo "$program is not installed" >&2; exit 3; }
    done
    mkdir -p "$dir/state" "$dir/spool"
    host=$(uname -n | cut -d. -f1)
    head -c 128 /dev/urandom > "$dir/munge.key"
    chmod 400 "$dir/munge.key"
    munged --force --key-file="$dir/munge.key" --socket="$dir/munge.sock" --pid-file="$dir/munged.pid" \
           --log-file="$dir/munged.log" --seed-file="$dir/munged.seed"
    read -r port1 port2 < <(python3 -c "
import socket
found = [socket.socket() for _ in range(2)]
for s in found: s.bind(('127.0.0.1', 0))
print(*(s.getsockname()[1] for s in found))")
    cat > "$SLURM_CONF" <<CONF
ClusterName=spt
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port1
SlurmdPort=$port2
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge.sock,cred_expire=5
CryptoType=crypto/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0,defer
SlurmdParameters=config_overrides
JobRequeue=1
KillWait=15
MinJobAge=300
ReturnToService=2
NodeName=node0 NodeHostname=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
    slurmctld
    slurmd -N node0
    for _ in $(seq 100); do
        [ "$(sinfo -h -o %T 2>/dev/null)" = idle ] && return
        sleep .1
    done
    echo "the node did not come up: $(tail -n 1 "$dir/slurmd.log" "$dir/slurmctld.log" 2>/dev/null | tr '\n' ' ')" >&2
    stop
    exit 3
}

case $1 in start | stop) "$1" ;; *) echo "usage: tests/slurm.sh start|stop DIR" >&2; exit 2 ;; esac
