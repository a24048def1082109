#!/bin/bash
# Runs CASES x REPS x PEERS. Every run gets a freshly started gateway pinned to one processor; the load and the app behind the
# gateway share another. Writes one JSON line a run to $OUT/results.jsonl and prints the table. bench is the usual way in;
# ../README.md tells what the cases and the variables mean.
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd "$HERE/../.." && pwd)
WORK=${WORK:-$ROOT/.build-bench}            # programs, configurations, logs
BIN=${BIN:-$WORK/bin}
OUT=${OUT:-$WORK/results/$(date +%Y%m%d-%H%M%S)}
PEERS=${PEERS:-limit limit-hook nchan pushpin holdfast holdfast-grip}
CASES=${CASES:-fan-1000-64 rt-50 idle-5000}
REPS=${REPS:-3}
DUR=${DUR:-3}
PRIO=${PRIO:--10}
SCPU=${SCPU:-0} LCPU=${LCPU:-1}
PORT=28000 CONTROL=28001 B_PORT=28100
BPID='' SPID=''

# Everything runs in a session of its own: the scheduler's priority then touches only what is started here, and one signal to the
# session's process group ends it all. This outer shell holds the lock and passes the signal on.
mkdir -p "$WORK" "$OUT" || exit
if [ -z "${IN_SESSION:-}" ]; then
  exec 9> "$WORK/lock"
  flock -n 9 || { echo "another run is going on ($WORK/lock)" >&2; exit 1; }
  OUT=$OUT IN_SESSION=1 setsid "${BASH_SOURCE[0]}" 9>&- &
  session=$!
  trap 'kill -TERM -- "-$session" 2> /dev/null' INT TERM HUP
  wait "$session"; status=$?
  while kill -0 "$session" 2> /dev/null; do wait "$session"; status=$?; done
  exit "$status"
fi
[ "$PRIO" = 0 ] || { echo "$PRIO" > /proc/self/autogroup; } 2> /dev/null    # no matter when it is not allowed
ulimit -n "$(ulimit -Hn)"
taskset -c "$SCPU" true && taskset -c "$LCPU" true || { echo "processors $SCPU and $LCPU are needed (SCPU, LCPU)" >&2; exit 1; }

port_open() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }
wait_port() {       # port pid
  for _ in $(seq 100); do
    port_open "$1" && return 0
    kill -0 "$2" 2> /dev/null || { echo "ended before it listened on port $1" >&2; return 1; }
    sleep 0.1
  done
  echo "port $1 never opened" >&2
  return 1
}
descendants() { local p; echo "$1"; for p in $(cat /proc/"$1"/task/*/children 2> /dev/null); do descendants "$p"; done; }

# For NAME_start in peers.sh.
backend() { taskset -c "$LCPU" "$BIN/backend" -p "$B_PORT" "$@" 2>> "$OUT/backend.log" & BPID=$!; wait_port "$B_PORT" "$BPID"; }
server() { taskset -c "$SCPU" "$@" >> "$OUT/server.log" 2>&1 & SPID=$!; wait_port "$PORT" "$SPID"; }
# shellcheck source=peers.sh
. "$HERE/peers.sh"

start_peer() {      # function prefix
  local p
  for p in "$PORT" "$CONTROL" "$B_PORT"; do
    port_open "$p" && { echo "something listens on port $p already" >&2; return 1; }
  done
  "$1_start" || return 1
  sleep 0.3
  kill -0 "$SPID" 2> /dev/null
}

stop_peer() {
  local p all=''
  if [ -n "$SPID" ]; then
    all=$(descendants "$SPID")
    kill -TERM "$SPID" 2> /dev/null
    for _ in $(seq 50); do kill -0 "$SPID" 2> /dev/null || break; sleep 0.1; done
    for p in $all; do kill -KILL "$p" 2> /dev/null; done
    wait "$SPID" 2> /dev/null
  fi
  [ -n "$BPID" ] && { kill -TERM "$BPID" 2> /dev/null; wait "$BPID" 2> /dev/null; }
  SPID='' BPID=''
}
trap 'stop_peer; exit 143' TERM

profile() {         # label pids; in the background, once the connections are there
  local to=$OUT/${1//\//-}
  case ${PROF:-} in
    perf) (sleep 2.5; perf record -q -g -e cpu-clock -F 999 -o "$to.perf" -p "$2" -- sleep 2) > /dev/null 2>&1 & ;;
    strace) (sleep 2.5; timeout -s INT 2 strace -q -c -f -o "$to.strace" -p "${2//,/ }") > /dev/null 2>&1 & ;;
  esac
}

run_case() {        # label kind n x, with url, pub, msg as NAME_case has set them
  local label=$1 kind=$2 n=$3 x=$4 pids args
  pids=$(descendants "$SPID" | paste -sd,)
  profile "$label" "$pids"
  case $kind in
    fan) args=(fanout "${pub[@]}" -s "${x:-64}" -d "$DUR" --warm 5) ;;
    fanrate) args=(fanout "${pub[@]}" -s "${x:-64}" -d "$DUR" --rate "${RATE:-10}" --warm 5) ;;
    dir) args=(direct "${pub[@]}" -s "${x:-64}" -d "$DUR") ;;
    rt) args=(roundtrip "${msg[@]}" -s 64 -w "${x:-1}" -d "$DUR") ;;
    idle) args=(idle --settle 3) ;;
    *) echo "no such case: $kind" >&2; return 1 ;;
  esac
  timeout --foreground $((120 + ${DUR%.*})) taskset -c "$LCPU" "$BIN/wsload" "${args[@]}" \
    --url "$url" -n "$n" --pids "$pids" --cpus "$SCPU,$LCPU" --label "$label"
}

ready=''
for peer in $PEERS; do
  fn=${peer//-/_}
  declare -F "${fn}_start" > /dev/null || { echo "$peer: skipped, peers.sh does not know it" >&2; continue; }
  missing=$("${fn}_missing")
  if [ -n "$missing" ]; then echo "$peer: skipped, $missing" >&2; else ready+=" $peer"; fi
done

# The gateways take turns, so that a change in the machine's speed touches all of them.
for c in $CASES; do
  IFS=- read -r kind n x <<< "$c"
  CHANNEL=bench
  [ "$kind" = dir ] && CHANNEL=@path        # each connection on a channel of its own
  for r in $(seq "$REPS"); do
    for peer in $ready; do
      fn=${peer//-/_}
      url=ws://127.0.0.1:$PORT/ pub=() msg=()
      "${fn}_case" "$kind" || continue
      echo "$(date +%T) $c run $r of $REPS: $peer" >&2
      echo "== $peer/$c/$r" | tee -a "$OUT/server.log" "$OUT/backend.log" >> "$OUT/load.log"
      error="the gateway did not start, see server.log" line=''
      if start_peer "$fn" 2>> "$OUT/load.log"; then
        error="no result, see load.log"
        line=$(run_case "$peer/$c/$r" "$kind" "$n" "$x" 2>> "$OUT/load.log")
      fi
      stop_peer
      [ -n "$line" ] || line="{\"label\":\"$peer/$c/$r\",\"error\":\"$error\"}"
      echo "$line" >> "$OUT/results.jsonl"
    done
  done
done

[ -s "$OUT/results.jsonl" ] || { echo "nothing was measured" >&2; exit 1; }
echo
python3 "$HERE/table.py" "$OUT/results.jsonl"
status=$?
echo
echo "$(uname -sr), $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1). All figures: $OUT/results.jsonl"
exit $status
