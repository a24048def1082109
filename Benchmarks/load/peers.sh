# The gateways that run.sh can measure. Sourced by run.sh, which runs one at a time: it listens on $PORT (and $CONTROL), the app
# behind it on $B_PORT. A gateway NAME is three functions ("-" in a name is "_" here):
#
#   NAME_missing   prints how to get what it needs; prints nothing when it can run
#   NAME_start     starts the app, if it needs one ("backend ARGS"), and the gateway ("server COMMAND...")
#   NAME_case      sets url, and pub or msg where they are used, as arguments of wsload; returns 1 when it cannot do this case in
#                  the same way as the others
#
# The case, for both: $kind (fan, fanrate, burst, dir, push, pub, pubbatch, rt, idle, connect, resub) and $n, $THREADS (1 or 2), $TLS ("s" or
# empty), $DEFLATE (1 or empty; the certificate is in $WORK/tls), $ENGINE (nats, redis or empty). Publishers never use TLS or compression.
#
# With an $ENGINE there are two nodes on one broker: the first has the clients, the second takes what is published.

plain() { [ "$THREADS$TLS$DEFLATE$ENGINE" = 1 ]; }

# The channel that a new connection is subscribed to, for backend -c; and the one of a publication.
subscribed() {
  case $kind in
    dir | push | resub) echo @path ;;   # each connection to a channel of its own: its path's last part
    connect | pub | pubbatch) ;;
    *) echo bench ;;
  esac
}
published() { case $kind in dir | push | pub | pubbatch) echo 'c{I}' ;; *) echo bench ;; esac; }

# ---- limit: yardstick for fan-out and idle connections; limit-hook: for round trips through an app ----

limit_missing() { :; }
limit_start() { server "$BIN/limit" -p "$PORT"; }
limit_case() {
  plain || return 1
  case $kind in fan | fanrate | burst | idle | connect) ;; *) return 1 ;; esac
  pub=(--pub-url "http://127.0.0.1:$PORT/publish")
}

limit_hook_missing() { :; }
limit_hook_start() {
  backend -m echo
  server "$BIN/limit" -p "$PORT" -u "$B_PORT"
}
limit_hook_case() { plain && [ "$kind" = rt ]; }

# ---- holdfast ----

HOLDFAST=${HOLDFAST:-$ROOT/.build/release/holdfast}

holdfast_missing() { [ -x "$HOLDFAST" ] || echo "no program at $HOLDFAST: make it with dev/build, or set HOLDFAST to its path"; }
holdfast_server() {      # command and its own arguments
  if [ -n "$ENGINE" ]; then holdfast_nodes "$@"; return; fi
  server "$HOLDFAST" "$@" --listen "127.0.0.1:$PORT" --control "127.0.0.1:$CONTROL" --threads "$THREADS" --log-level warning \
    ${TLS:+--tls-certificate-file "$WORK/tls/cert.pem" --tls-key-file "$WORK/tls/key.pem"} || return 1
  wait_port "$CONTROL" "$SPID"
}
# The same as two nodes: clients come to the one, publications to the other.
holdfast_nodes() {
  local rest=(--broker "$ENGINE://127.0.0.1:$BROKER" --threads "$THREADS" --log-level warning)
  mkdir -p "$WORK/broker"
  case $ENGINE in
    nats) BROKER_COMMAND=(nats-server -a 127.0.0.1 -p "$BROKER" -m "$((BROKER + 1))") ;;
    redis) BROKER_COMMAND=(redis-server --bind 127.0.0.1 --port "$BROKER" --save "" --appendonly no --dir "$WORK/broker") ;;
  esac
  broker "${BROKER_COMMAND[@]}" || return 1
  server "$HOLDFAST" "$@" --node a --listen "127.0.0.1:$PORT" --control "127.0.0.1:$((CONTROL + 2))" "${rest[@]}" || return 1
  second "$HOLDFAST" "$@" --node b --listen "127.0.0.1:$((PORT + 2))" --control "127.0.0.1:$CONTROL" "${rest[@]}"
  wait_port "$CONTROL" "$MPID"
}
holdfast_start() {
  case $kind in
    push) backend -m json -c '' -i ;;
    *) backend -m json -c "$(subscribed)" ;;
  esac
  holdfast_server serve "http://127.0.0.1:$B_PORT/hook"
}
holdfast_case() {
  local control=http://127.0.0.1:$CONTROL/v1
  [ "$kind" != resub ] || [ -n "$ENGINE" ] || return 1
  url+=c%d
  case $kind in
    burst | pubbatch)
      pub=(--pub-url "$control/actions" --pub-header 'Content-Type: application/json' --pub-body '{"actions":[{ITEMS}]}'
        --pub-item '{"type":"publish","channel":"'"$(published)"'","text":"{P}"}')
      ;;
    push) pub=(--pub-url "$control/connections/{C}/messages" --pub-header 'Content-Type: text/plain') ;;
    *) pub=(--pub-url "$control/channels/$(published)/messages" --pub-header 'Content-Type: text/plain') ;;
  esac
}

# ---- holdfast-grip: the same in the place of Pushpin, behind Pushpin's app and with its publishes ----

holdfast_grip_missing() { holdfast_missing; }
holdfast_grip_start() {
  backend -m wsoverhttp -c "$(subscribed)"
  holdfast_server grip "http://127.0.0.1:$B_PORT" --sig-key changeme
}
holdfast_grip_case() {
  [ -z "$ENGINE" ] || return 1                  # between nodes there is no dialect
  url+=c%d
  grip_publications
}

# ---- nchan: nginx with the nchan module ----

NCHAN_MODULE=${NCHAN_MODULE:-/usr/lib/nginx/modules/ngx_nchan_module.so}
export PATH=$PATH:/usr/sbin         # nginx is there

nchan_missing() {
  command -v nginx > /dev/null && [ -f "$NCHAN_MODULE" ] ||
    echo "not installed: apt-get install nginx libnginx-mod-nchan (and stop the nginx service that this may start)"
}
nchan_start() {
  local tls='' deflate=off
  [ -n "$DEFLATE" ] && deflate=on
  [ -n "$TLS" ] && tls="ssl_certificate $WORK/tls/cert.pem; ssl_certificate_key $WORK/tls/key.pem;"
  mkdir -p "$WORK/nchan"
  cat > "$WORK/nchan/nginx.conf" << END
load_module $NCHAN_MODULE;
user $(id -un) $(id -gn);
worker_processes $THREADS;
daemon off;
worker_rlimit_nofile $(ulimit -n);
error_log $WORK/nchan/error.log error;
pid $WORK/nchan/nginx.pid;
events { worker_connections 18000; }
http {
  access_log off;
  client_body_temp_path $WORK/nchan; proxy_temp_path $WORK/nchan; fastcgi_temp_path $WORK/nchan;
  uwsgi_temp_path $WORK/nchan; scgi_temp_path $WORK/nchan;
  keepalive_requests 1000000000; keepalive_timeout 1h;
  nchan_shared_memory_size 512M;
  upstream app { server 127.0.0.1:$B_PORT; keepalive 600; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:$PORT ${TLS:+ssl} backlog=4096;
    listen 127.0.0.1:$CONTROL;
    $tls
    location ~ ^/sub/(\w+)\$ { nchan_subscriber websocket; nchan_channel_id \$1; nchan_subscriber_first_message newest; }
    location ~ ^/pub/(\w+)\$ { nchan_publisher http; nchan_channel_id \$1; nchan_store_messages off;
      nchan_deflate_message_for_websocket $deflate; }
    location ~ ^/rt/(\w+)\$ {
      nchan_pubsub websocket; nchan_channel_id \$1; nchan_subscriber_first_message newest;
      nchan_store_messages off; nchan_deflate_message_for_websocket $deflate; nchan_publisher_upstream_request /upstream;
    }
    location = /upstream { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host app; }
  }
}
END
  backend -m echo
  server nginx -p "$WORK/nchan" -c "$WORK/nchan/nginx.conf"
}
nchan_case() {
  local sub
  [ "$kind" = pubbatch ] && return 1            # it has no batches
  [ -z "$ENGINE" ] || return 1
  case $kind in dir | push) sub=c%d ;; *) sub=bench ;; esac
  url+=sub/$sub
  [ "$kind" = rt ] && url=${url%sub/*}rt/c%d
  pub=(--pub-url "http://127.0.0.1:$CONTROL/pub/$(published)" --pub-header 'Content-Type: text/plain')
}

# ---- pushpin, with its limits on the rate and number of messages off ----

pushpin_missing() { command -v pushpin > /dev/null || echo "not installed: apt-get install pushpin (and stop the service that this may start)"; }
pushpin_start() {
  local dir=$WORK/pushpin
  rm -rf "$dir/run"
  mkdir -p "$dir/run" "$dir/log"
  sed -e "s#ipc:///var/run/zurl/#ipc://{rundir}/{ipc_prefix}#" /usr/lib/pushpin/internal.conf > "$dir/internal.conf"
  echo "* localhost:$B_PORT,over_http" > "$dir/routes"
  cat > "$dir/pushpin.conf" << END
[global]
include=$dir/internal.conf
rundir=$dir/run
ipc_prefix=bench-
port_offset=0
stats_connection_ttl=120
[runner]
services=condure,zurl,pushpin-proxy,pushpin-handler
http_port=127.0.0.1:$PORT
logdir=$dir/log
log_level=1
client_buffer_size=8192
client_maxconn=15000
condure_bin=condure
zurl_bin=zurl
[proxy]
routesfile=$dir/routes
debug=false
auto_cross_origin=false
accept_x_forwarded_protocol=false
set_x_forwarded_protocol=proto-only
accept_pushpin_route=false
log_from=false
log_user_agent=false
sig_iss=pushpin
sig_key=changeme
updates_check=off
[handler]
push_in_spec=tcp://127.0.0.1:$((CONTROL + 2))
push_in_sub_specs=tcp://127.0.0.1:$((CONTROL + 3))
push_in_sub_connect=false
push_in_http_addr=127.0.0.1
push_in_http_port=$CONTROL
push_in_http_max_headers_size=10000
push_in_http_max_body_size=1000000
stats_spec=ipc://{rundir}/{ipc_prefix}stats
command_spec=tcp://127.0.0.1:$((CONTROL + 4))
message_rate=-1
message_hwm=-1
message_wait=5000
id_cache_ttl=0
connection_subscription_max=20
subscription_linger=60
stats_subscription_ttl=60
stats_report_interval=10
stats_format=tnetstring
END
  backend -m wsoverhttp -c "$(subscribed)"
  server pushpin --config="$dir/pushpin.conf" || return 1
  wait_port "$CONTROL" "$SPID" || return 1
  sleep 0.5
}
pushpin_case() {
  plain && [ "$n" -le 5000 ] || return 1        # of 10,000 clients it loses some on the way
  url+=c%d
  grip_publications
}

# Publications in Pushpin's format, for its port and its paths.
grip_publications() {
  pub=(--pub-url "http://127.0.0.1:$CONTROL/publish/" --pub-header 'Content-Type: application/json' --pub-body '{"items":[{ITEMS}]}'
    --pub-item '{"channel":"'"$(published)"'","formats":{"ws-message":{"content":"{P}"}}}')
}
