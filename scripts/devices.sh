# Sourced by run and demo: starts the simulated devices and the controller of examples/web-site.
demo=var/demo
banyan=${CARGO_TARGET_DIR:-target}/release/banyan
socket=$demo/banyan.sock
export BANYAN_SOCKET="$socket" BANYAN_PROGRAM="$(cd "$(dirname "$banyan")" && pwd)/banyan"
pids=

stop() {
    trap - INT TERM EXIT
    [ -n "$pids" ] || return 0
    # shellcheck disable=SC2086
    kill -TERM $pids 2>/dev/null || true
    # shellcheck disable=SC2086
    wait $pids 2>/dev/null || true
}

start_network() {
    mkdir -p "$demo"
    trap 'stop; exit 0' INT TERM
    trap stop EXIT
    "$banyan" sim --model examples/web-site/devices/lb --name lb --count 1 --base-port 12022 \
        --state "$demo/devices" >"$demo/lb.log" 2>&1 &
    pids="$!"
    "$banyan" sim --model examples/web-site/devices/www --name www --count 3 --base-port 12023 \
        --state "$demo/devices" >"$demo/www.log" 2>&1 &
    pids="$pids $!"
    "$banyan" serve --config examples/web-site/banyan.toml >"$demo/controller.log" 2>&1 &
    controller=$!
    pids="$pids $controller"
    for _ in $(seq 1 300); do
        [ -S "$socket" ] && "$banyan" get /banyan-controller:devices/device-timeout >/dev/null 2>&1 && break
        if ! kill -0 "$controller" 2>/dev/null; then
            echo "the controller did not start:" >&2
            cat "$demo/controller.log" >&2
            exit 1
        fi
        sleep 0.1
    done
    if ! "$banyan" get /banyan-controller:devices --format json | grep -q '"lb0"'; then
        "$banyan" edit examples/web-site/devices.json
        "$banyan" commit --quiet --comment "the devices of the example"
    fi
    "$banyan" rpc banyan-controller:connection-change '{"operation": "OPEN"}' >/dev/null
    for _ in $(seq 1 300); do
        [ "$("$banyan" show devices | grep -c OPEN)" = 4 ] && return 0
        sleep 0.1
    done
    echo "not all devices are OPEN:" >&2
    "$banyan" show devices >&2
    exit 1
}
