# How long klamm takes to rebuild its store from the topics, and what that costs. It is sourced by bench/run, and uses its variables.

# Starts klamm on what it has: $1 is klamm (the embedded log in files) or klamm_on_kafka. Sets `pid`, `address` and `http`.
start_again() {
  local port deadline=$((SECONDS + 300))
  port=$(free_port) http=$(free_port) address=127.0.0.1:$port
  case $1 in
    klamm)
      "$klamm" dev --data-dir "$work/data" --ip 127.0.0.1 --port "$port" --http-port "$http" --log-level error >>"$work/klamm.log" 2>&1 &
      ;;
    klamm_on_kafka)
      KLAMM_KAFKA__BOOTSTRAP_SERVERS=$bootstrap KLAMM_SERVER__PORT=$port KLAMM_SERVER__HTTP_PORT=$http KLAMM_SERVER__DATA_DIR=$work/data \
        KLAMM_SERVER__LOG_LEVEL=error "$klamm" serve >>"$work/klamm.log" 2>&1 &
      ;;
  esac
  pid=$!
  pids+=("$pid")
  until curl -fs "http://127.0.0.1:$http/healthz" >/dev/null; do
    [ $SECONDS -lt $deadline ] && kill -0 "$pid" 2>/dev/null || { cat "$work/klamm.log" >&2; return 1; }
    sleep 0.02
  done
}

# Fills the log with $2 workflows of one activity, throws the store away and starts klamm on the log, three times.
measure_restore() {
  local server=$1 count=$2 broker= run began ended cpu before after records
  if [ "$server" = klamm_on_kafka ]; then
    bootstrap=$("$root/integration-tests/kafka" start --dir "$work/kafka" | tail -n 1) || return 1
    broker=$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' "$work/kafka/broker.json")
  fi
  start_again "$server" || return 1
  "$build/direct" --address "$address" --server "$server" --name fill --activities 1 --in-flight 100 --pollers 25 --count "$count" --warmup 0 \
    </dev/null >/dev/null || return 1
  kill "$pid" && wait "$pid" 2>/dev/null || true
  for run in 1 2 3; do
    rm -rf "$work/data/store"
    before=0 after=0
    [ -z "$broker" ] || before=$(cpu_ms "$broker")
    began=$(date +%s%N)
    start_again "$server" || return 1
    ended=$(date +%s%N)
    cpu=$(cpu_ms "$pid")
    [ -z "$broker" ] || after=$(cpu_ms "$broker")
    [ -n "$cpu" ] || return 1
    records=$(curl -fs "http://127.0.0.1:$http/metrics" | awk '$1 == "klamm_folded_records_total" { print $2 }')
    [ "${records:-0}" -gt 0 ] || { echo "bench/run: nothing was folded" >&2; return 1; }
    awk -v server="$server" -v run="$run" -v workflows="$count" -v records="$records" -v ns=$((ended - began)) -v cpu="$cpu" \
      -v broker="$((${after% } - ${before% }))" -v peak="$(awk '/^VmHWM/ { print $2 }' "/proc/$pid/status")" 'BEGIN {
        printf "{\"server\":\"%s\",\"workload\":\"restore %d\",\"workflows\":%d,\"records\":%d,\"seconds\":%.2f,\"records_per_second\":%d,",
          server, run, workflows, records, ns / 1e9, records / (ns / 1e9)
        printf "\"cpu_us_per_record\":%.2f,\"broker_cpu_us_per_record\":%.2f,\"server_peak_mib\":%d}\n", cpu * 1e3 / records, broker * 1e3 / records, peak / 1024
      }' | tee -a "$work/reports"
    kill "$pid" && wait "$pid" 2>/dev/null || true
  done
  rm -rf "$work/data"
  [ -z "$broker" ] || { "$root/integration-tests/kafka" stop --dir "$work/kafka" && rm -rf "$work/kafka"; } >/dev/null
}
