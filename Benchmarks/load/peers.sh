# The gateways that run.sh can measure. Sourced by run.sh, which runs one at a time: it listens on $PORT (and $CONTROL), the app
# behind it on $B_PORT. A gateway NAME is three functions ("-" in a name is "_" here):
#
#   NAME_missing   prints how to get what it needs; prints nothing when it can run
#   NAME_start     starts the app, if it needs one ("backend ARGS"), and the gateway ("server COMMAND...")
#   NAME_case      for the kind of case $1 (fan, fanrate, rt, dir, idle), sets url, and pub or msg where they are used, as
#                  arguments of wsload; returns 1 when it cannot do this kind in the same way as the others

# ---- limit: yardstick for fan-out and idle connections; limit-hook: for round trips through an app ----

limit_missing() { :; }
limit_start() { server "$BIN/limit" -p "$PORT"; }
limit_case() {
  case $1 in fan | fanrate | idle) ;; *) return 1 ;; esac
  pub=(--pub-url "http://127.0.0.1:$PORT/publish")
}

limit_hook_missing() { :; }
limit_hook_start() {
  backend -m echo
  server "$BIN/limit" -p "$PORT" -u "$B_PORT"
}
limit_hook_case() { [ "$1" = rt ]; }

# ---- holdfast ----

HOLDFAST=${HOLDFAST:-$ROOT/.build/release/holdfast}

holdfast_missing() { [ -x "$HOLDFAST" ] || echo "no program at $HOLDFAST: make it with dev/build, or set HOLDFAST to its path"; }
holdfast_start() {
  backend -m json -c "$CHANNEL"
  server "$HOLDFAST" serve "http://127.0.0.1:$B_PORT/hook" --listen "127.0.0.1:$PORT" --control "127.0.0.1:$CONTROL" \
    --threads 1 --log-level warning || return 1
  wait_port "$CONTROL" "$SPID"
}
holdfast_case() {
  local channel=bench
  [ "$1" = dir ] && channel=c{I}
  url="ws://127.0.0.1:$PORT/c%d"
  pub=(--pub-url "http://127.0.0.1:$CONTROL/v1/channels/$channel/messages" --pub-header 'Content-Type: text/plain')
}

# ---- holdfast-grip: the same in the place of Pushpin, behind Pushpin's app and with its publishes ----

holdfast_grip_missing() { holdfast_missing; }
holdfast_grip_start() {
  backend -m wsoverhttp -c "$CHANNEL"
  server "$HOLDFAST" grip "http://127.0.0.1:$B_PORT" --listen "127.0.0.1:$PORT" --control "127.0.0.1:$CONTROL" \
    --sig-key changeme --threads 1 --log-level warning || return 1
  wait_port "$CONTROL" "$SPID"
}
holdfast_grip_case() { pushpin_case "$@"; }

# ---- nchan: nginx with the nchan module ----

NCHAN_MODULE=${NCHAN_MODULE:-/usr/lib/nginx/modules/ngx_nchan_module.so}
export PATH=$PATH:/usr/sbin         # nginx is there

nchan_missing() {
  command -v nginx > /dev/null && [ -f "$NCHAN_MODULE" ] ||
    echo "not installed: apt-get install nginx libnginx-mod-nchan (and stop the nginx service that this may start)"
}
nchan_start() {
  mkdir -p "$WORK/nchan"
  cat > "$WORK/nchan/nginx.conf" << END
load_module $NCHAN_MODULE;
user $(id -un) $(id -gn);
worker_processes 1;
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
    listen 127.0.0.1:$PORT backlog=4096;
    location ~ ^/sub/(\w+)\$ { nchan_subscriber websocket; nchan_channel_id \$1; nchan_subscriber_first_message newest; }
    location ~ ^/pub/(\w+)\$ { nchan_publisher http; nchan_channel_id \$1; nchan_store_messages off; }
    location ~ ^/rt/(\w+)\$ {
      nchan_pubsub websocket; nchan_channel_id \$1; nchan_subscriber_first_message newest;
      nchan_store_messages off; nchan_publisher_upstream_request /upstream;
    }
    location = /upstream { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host app; }
  }
}
END
  backend -m echo
  server nginx -p "$WORK/nchan" -c "$WORK/nchan/nginx.conf"
}
nchan_case() {
  local sub=bench to=bench
  [ "$1" = dir ] && sub=c%d to=c{I}
  url="ws://127.0.0.1:$PORT/sub/$sub"
  [ "$1" = rt ] && url="ws://127.0.0.1:$PORT/rt/c%d"
  pub=(--pub-url "http://127.0.0.1:$PORT/pub/$to" --pub-header 'Content-Type: text/plain')
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
  backend -m wsoverhttp -c "$CHANNEL"
  server pushpin --config="$dir/pushpin.conf" || return 1
  wait_port "$CONTROL" "$SPID" || return 1
  sleep 0.5
}
pushpin_case() {
  local channel=bench
  [ "$1" = dir ] && channel=c{I}
  url="ws://127.0.0.1:$PORT/c%d"
  pub=(--pub-url "http://127.0.0.1:$CONTROL/publish/" --pub-header 'Content-Type: application/json'
    --pub-body '{"items":[{"channel":"'$channel'","formats":{"ws-message":{"content":"{P}"}}}]}')
}
