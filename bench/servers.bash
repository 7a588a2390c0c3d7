# Starts the servers that bench/run measures. It is sourced there, and uses its variables and options.
# Each start_… sets `address`, `pid` (which stops the server), and `measured`: the processes whose CPU and memory count.

free_port() { "$build/table" --free-port; }

start_klamm() {
  local port http data=(--in-memory)
  port=$(free_port) http=$(free_port)
  [ $files$schedules$lists$restate = 0000 ] || data=(--data-dir "$(mktemp -d -p "$work")")
  # Restate writes to the disk before it goes on, so klamm beside it does, too.
  [ $restate = 0 ] || data+=(--fsync)
  "$klamm" dev "${data[@]}" --ip 127.0.0.1 --port "$port" --http-port "$http" --log-level error >"$work/klamm.log" 2>&1 &
  pid=$! measured=$! address=127.0.0.1:$port
  pids+=("$pid")
}
start_klamm_on_kafka() {
  local port http bootstrap
  port=$(free_port) http=$(free_port)
  bootstrap=$("$root/integration-tests/kafka" start --dir "$work/kafka" | tail -n 1)
  KLAMM_KAFKA__BOOTSTRAP_SERVERS=$bootstrap KLAMM_SERVER__PORT=$port KLAMM_SERVER__HTTP_PORT=$http \
    KLAMM_SERVER__DATA_DIR=$work/klamm-kafka KLAMM_SERVER__LOG_LEVEL=error "$klamm" serve >"$work/klamm-kafka.log" 2>&1 &
  pid=$! address=127.0.0.1:$port
  pids+=("$pid")
  measured=$pid,$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "$work/kafka/broker.json")
  for _ in $(seq 300); do
    curl -fs "http://127.0.0.1:$http/healthz" >/dev/null && return
    kill -0 "$pid" 2>/dev/null || { cat "$work/klamm-kafka.log" >&2; return 1; }
    sleep 0.1
  done
}
start_temporal() {
  local data=()
  [ $files = 0 ] || data=(--db-file "$work/temporal.db")
  "$build/reference" "${data[@]}" >"$work/temporal.ready" 2>"$work/temporal.log" &
  pid=$! measured=$!
  pids+=("$pid")
  for _ in $(seq 600); do
    [ -s "$work/temporal.ready" ] && break
    kill -0 "$pid" 2>/dev/null || { cat "$work/temporal.log" >&2; return 1; }
    sleep 0.1
  done
  address=$(sed -n 's/.*"address":"\([^"]*\)".*/\1/p' "$work/temporal.ready")
}
start_floor() {
  address=127.0.0.1:$(free_port)
  "$floor_bin" "$address" >"$work/floor.log" 2>&1 &
  pid=$! measured=$!
  pids+=("$pid")
}
start_restate() {
  local ingress admin node port installed packages
  ingress=$(free_port) admin=$(free_port) node=$(free_port) port=$(free_port)
  mapfile -t installed < <("$root/bench/restate/install" | tail -n 2)
  packages=${installed[0]}/node_modules
  # Node.js looks for packages beside the program.
  mkdir -p "$work/restate" && cp "$root/bench/restate/handler.mjs" "$work/restate/" && ln -sfn "$packages" "$work/restate/node_modules"
  RESTATE_LOGGING=ERROR "${installed[1]}" "$work/restate/handler.mjs" "$port" >"$work/handler.log" 2>&1 &
  pids+=("$!")
  # Its own program, not npm's starter: that is the process to be measured. It says when it fails, and asks nobody for newer versions.
  RESTATE_DISABLE_TELEMETRY=true RESTATE_LISTEN_MODE=tcp RESTATE_LOG_FILTER=warn RESTATE_BIND_ADDRESS=127.0.0.1:$node \
    RESTATE_INGRESS__BIND_ADDRESS=127.0.0.1:$ingress RESTATE_ADMIN__BIND_ADDRESS=127.0.0.1:$admin \
    "$(echo "$packages"/@restatedev/restate-server-*-*/bin/restate-server)" --no-logo --node-name bench \
    --base-dir "$(mktemp -d -p "$work")" >"$work/restate.log" 2>&1 &
  pid=$! measured=$! address=127.0.0.1:$ingress
  pids+=("$pid")
  for _ in $(seq 600); do
    if grep -qx ready "$work/handler.log" && curl -fs -m 20 "http://127.0.0.1:$admin/deployments" -H 'content-type: application/json' \
      -d "{\"uri\":\"http://127.0.0.1:$port\"}" >/dev/null; then
      return
    fi
    kill -0 "$pid" 2>/dev/null || { cat "$work/restate.log" >&2; return 1; }
    sleep 0.1
  done
  cat "$work/handler.log" "$work/restate.log" >&2
  return 1
}
