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
SLOW=${SLOW:-pushpin}                       # gateways that run once a case, however many REPS
SCPU=${SCPU:-0} LCPU=${LCPU:-1}
PORT=28000 CONTROL=28001 B_PORT=28100 BROKER=28200
BPID='' SPID='' MPID='' KPID=''

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
server() { taskset -c "$on" "$@" >> "$OUT/server.log" 2>&1 & SPID=$!; wait_port "$PORT" "$SPID"; }
second() { taskset -c "$on" "$@" >> "$OUT/server.log" 2>&1 & MPID=$!; }
broker() { taskset -c "$LCPU" "$@" >> "$OUT/broker.log" 2>&1 & KPID=$!; wait_port "$BROKER" "$KPID"; }
# shellcheck source=peers.sh
. "$HERE/peers.sh"

start_peer() {      # function prefix
  local p
  for p in "$PORT" "$CONTROL" "$B_PORT" "$BROKER"; do
    port_open "$p" && { echo "something listens on port $p already" >&2; return 1; }
  done
  "$1_start" || return 1
  sleep 0.3
  kill -0 "$SPID" 2> /dev/null
}

stop_peer() {
  local p all='' main
  for main in $MPID $SPID; do
    all=$(descendants "$main")
    kill -TERM "$main" 2> /dev/null
    for _ in $(seq 50); do kill -0 "$main" 2> /dev/null || break; sleep 0.1; done
    for p in $all; do kill -KILL "$p" 2> /dev/null; done
    wait "$main" 2> /dev/null
  done
  for main in $BPID $KPID; do kill -TERM "$main" 2> /dev/null; wait "$main" 2> /dev/null; done
  SPID='' BPID='' MPID='' KPID=''
}
trap 'stop_peer; exit 143' TERM

profile() {         # label pids; in the background, once the connections are there
  local to=$OUT/${1//\//-}
  case ${PROF:-} in
    perf) (sleep 2.5; perf record -q -g -e cpu-clock -F 1999 -o "$to.perf" -p "$2" -- sleep 2) > /dev/null 2>&1 & ;;
    strace) (sleep 2.5; timeout -s INT 2 strace -q -c -f -o "$to.strace" -p "${2//,/ }") > /dev/null 2>&1 & ;;
  esac
}

run_case() {        # label, with kind n x y (the case's parts), pub, msg and url as NAME_case has set them
  local label=$1 pids args common p
  pids=$(for p in $SPID $MPID; do descendants "$p"; done | paste -sd,)
  profile "$label" "$pids"
  case $kind in
    fan) args=(fanout "${pub[@]}" -n "$n" -s "${x:-64}" --warm 5) ;;
    fanrate) args=(fanout "${pub[@]}" -n "$n" -s "${x:-64}" --rate "${RATE:-10}" --warm 5) ;;
    burst) args=(fanout "${pub[@]}" -n "$n" -s "${x:-64}" --batch "${y:-10}" --warm 3) ;;
    dir | push) args=(direct "${pub[@]}" --warm 0.5 -n "$n" -s "${x:-64}") ;;
    pub) args=(publish "${pub[@]}" --warm 0.5 -n "$n" -s "${x:-64}") ;;
    pubbatch) args=(publish "${pub[@]}" --warm 0.5 -n 4 -s "${x:-64}" --batch "$n") ;;
    rt) args=(roundtrip "${msg[@]}" --warm 0.5 -n "$n" -w "${x:-1}" -s "${y:-64}") ;;
    idle) args=(idle -n "$n" --settle 3) ;;
    connect) args=(connect -n "$n" --src 16 --settle 0.2) ;;
    resub)
      # It is the broker that is killed and started, so it is this script's business no more.
      timeout --foreground 120 taskset -c "$LCPU" python3 "$HERE/resubscribe.py" --label "$label" --url "$url" -n "$n" --broker-pid "$KPID" \
        --engine "$ENGINE" --port "$BROKER" -- "${BROKER_COMMAND[@]}"
      return
      ;;
    *) echo "no such case: $kind" >&2; return 1 ;;
  esac
  common=(-d "$DUR" --pids "$pids" --cpus "$SCPU,$LCPU" --label "$label")
  [ -z "$KPID" ] || common+=(--aside "$KPID")
  [ "$THREADS" = 1 ] || common+=(--cpus "-1,$LCPU")           # the load is on one of the gateway's processors
  timeout --foreground $((120 + ${DUR%.*})) taskset -c "$LCPU" "$BIN/wsload" "${args[0]}" --settle 0.5 --url "$url" \
    ${DEFLATE:+--deflate} "${common[@]}" "${args[@]:1}"
}

# Sets what the part of a case behind "+" means. Prints why it cannot be run here.
set_options() {     # case
  local option
  TLS='' DEFLATE='' ENGINE='' THREADS=1 on=$SCPU
  for option in $(tr '+' '\n' <<< "$1" | tail -n +2); do
    case $option in
      tls)
        TLS=s
        "$BIN/wsload" can tls && command -v openssl > /dev/null || { echo "it needs OpenSSL: apt-get install openssl libssl-dev"; return; }
        ;;
      deflate)
        DEFLATE=1
        "$BIN/wsload" can deflate || { echo "it needs zlib: apt-get install zlib1g-dev"; return; }
        ;;
      2) THREADS=2 on=$SCPU,$LCPU ;;
      nats | redis)
        ENGINE=$option
        command -v "$ENGINE-server" > /dev/null || { echo "it needs $ENGINE-server: apt-get install $ENGINE-server (and stop the service that this may start)"; return; }
        ;;
      *) echo "no such option: $option"; return ;;
    esac
  done
  if [ -n "$TLS" ] && [ ! -s "$WORK/tls/key.pem" ]; then
    mkdir -p "$WORK/tls"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=localhost \
      -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$WORK/tls/key.pem" -out "$WORK/tls/cert.pem" 2> /dev/null ||
      echo "openssl made no certificate"
  fi
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
  IFS=- read -r kind n x y <<< "${c%%+*}"
  set_options "$c" > "$WORK/why"
  [ -s "$WORK/why" ] && { echo "$c: skipped, $(cat "$WORK/why")" >&2; continue; }
  for r in $(seq "$REPS"); do
    for peer in $ready; do
      [[ $r = 1 || " $SLOW " != *" $peer "* ]] || continue
      fn=${peer//-/_}
      url=ws$TLS://127.0.0.1:$PORT/ pub=() msg=()
      "${fn}_case" || continue
      echo "$(date +%T) $c run $r of $REPS: $peer" >&2
      echo "== $peer/$c/$r" | tee -a "$OUT/server.log" "$OUT/backend.log" >> "$OUT/load.log"
      error="the gateway did not start, see server.log" line=''
      if start_peer "$fn" 2>> "$OUT/load.log"; then
        error="no result, see load.log"
        line=$(run_case "$peer/$c/$r" 2>> "$OUT/load.log")
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
