# What a workflow costs a process that has done many. It is sourced by bench/run, and uses its variables.

# Runs $1 times 10,000 workflows of one activity in one process and prints what each 10,000 cost, and what the process held afterwards. Then
# compares the first with the last ones. Resident memory is told apart: `file` is what the system may take back at any time.
measure_long() {
  local server=$1 chunks=$2 chunk cpu anon file compared
  "start_$server" || return 1
  [ "$server" != klamm_on_kafka ] || warm_up || return 1
  compared=$((chunks / 10 > 2 ? chunks / 10 : 2))
  : >"$work/chunks"
  # The first thousand fill caches and start threads.
  "$build/direct" --address "$address" --server "$server" --name warm --activities 1 --in-flight 100 --pollers 25 --count 1000 --warmup 0 \
    </dev/null >/dev/null || return 1
  for chunk in $(seq "$chunks"); do
    "$build/direct" --address "$address" --server "$server" --server-pid "$measured" --name "${chunk}0,000" --activities 1 --in-flight 100 --pollers 25 \
      --count 10000 --warmup 0 </dev/null >"$work/report" || return 1
    cat "$work/report" >>"$work/reports"
    cpu=$(sed 's/.*"server_cpu_ms_per_workflow":\([0-9.]*\).*/\1/' "$work/report")
    read -r anon file < <(awk '/^RssAnon/ { a = $2 } /^RssFile/ { f = $2 } END { printf "%d %d\n", a / 1024, f / 1024 }' "/proc/$pid/status")
    echo "$cpu $anon $file" >>"$work/chunks"
    awk -v n="$chunk" -v cpu="$cpu" -v anon="$anon" -v file="$file" \
      'BEGIN { printf "%9d workflows: CPU %.3f ms each; resident %d MiB, and %d MiB of files\n", n * 10000, cpu, anon, file }'
  done
  awk -v server="$server" -v compared="$compared" '{ cpu[NR] = $1; anon[NR] = $2 } END {
      for (i = 1; i <= compared; i++) { first += cpu[i]; last += cpu[NR + 1 - i]; held += anon[i]; holds += anon[NR + 1 - i] }
      printf "{\"server\":\"%s\",\"workload\":\"long\",\"workflows\":%d,\"cpu_ms_first\":%.3f,\"cpu_ms_last\":%.3f,\"cpu_ratio\":%.3f,", server,
        NR * 10000, first / compared, last / compared, last / first
      printf "\"resident_mib_first\":%d,\"resident_mib_last\":%d}\n", held / compared, holds / compared
    }' "$work/chunks" | tee -a "$work/reports"
  kill "$pid" && wait "$pid" 2>/dev/null || true
}
