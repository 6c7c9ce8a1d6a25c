# count.sh - the end of `run`: what each program knows, side by side. In $dir: orders (what was acknowledged to the order
# service), book (what the payment service has stored), view-orders, view-book and view-causes.

# why NUMBER: the causes of an order's last event. The program gives two lines an event: words, and the payload.
why() {
    local event payload
    "${demo}_why" "orders/$1" >"$dir/why" || fail "An event has no cause."
    while IFS= read -r event && IFS= read -r payload; do
        say "  $event"
        aside "    ${payload#  }"
    done <"$dir/why"
}

# A line for each path: how often it was asked, who answered, and what became of the others.
asked() {
    local call
    printf '       %-22s %8s %12s %12s %12s %13s\n' "" asked "payment-1" "payment-2" "no answer" "nobody there"
    for call in charge refund; do
        printf '       %-22s %8s %12s %12s %12s %13s\n' "rpc://payment/$call" "${said[$call]}" "${said[$call-payment-1]:-0}" \
            "${said[$call-payment-2]:-0}" "${said[$call-lost]}" "${said[$call-away]}"
    done
}

happened() {
    local type cause times
    while read -r type cause times; do
        printf '       %-22s %8s   %s\n' "$type" "$times" "$cause"
    done < <(sort "$dir/view-causes")
}

happened_times() { awk -v type="$1" '$1 == type { n += $3 } END { print n + 0 }' "$dir/view-causes"; }
in_vain() { printf '%s' $(($(happened_times PaymentCharged) - $(happened_times OrderPaid))); }

orders_in() { awk -v state="$1" '$6 == state { n++ } END { print n + 0 }' "$2"; } # STATE FILE
sum() { awk -v at="$1" '{ cents += $at } END { printf "%.2f", cents / 100 }' "$2"; } # FIELD FILE
row() { printf '     %-22s %15s %17s %12s\n' "$@"; }
table() {
    row "" "order service" "payment service" view
    row events "${said[events]}" "${said[booked]}" "${said[done]}"
    row "orders collected" "$(orders_in collected "$dir/orders")" "" "$(orders_in collected "$dir/view-orders")"
    row "orders cancelled" "$(orders_in settled "$dir/orders")" "" "$(orders_in settled "$dir/view-orders")"
    row charged "$(sum 3 "$dir/orders")" "$(sum 3 "$dir/book")" "$(sum 3 "$dir/view-book")"
    row "given back" "$(sum 5 "$dir/orders")" "$(sum 5 "$dir/book")" "$(sum 5 "$dir/view-book")"
}

same() { # WHAT FILE FILE
    cmp -s "$2" "$3" && return
    diff "$2" "$3" >&2 || true
    fail "$1"
}
verdict() {
    local stored
    stored=$("$muon" replay __all__ -r | wc -l)
    ((stored == said[events] + said[booked] && stored == said[done])) ||
        fail "${said[events]} + ${said[booked]} events were acknowledged, $stored are stored, the view has seen ${said[done]}."
    same "The view is wrong about orders." "$dir/orders" "$dir/view-orders"
    same "The view is wrong about payments." "$dir/book" "$dir/view-book"
    cut -d ' ' -f 1-5 "$dir/orders" >"$dir/orders-money"
    same "The two services do not agree about the money." "$dir/orders-money" "$dir/book"
    awk -v count="$count" '
        $2 == "-" && ($1 != "OrderPlaced" || $3 != count) { bad++ }
        END { exit bad > 0 }' "$dir/view-causes" || fail "Something happened without a cause."
    # Prices are orders.c's. Who has collected has paid once, what it costs; who has not keeps nothing owing.
    awk -v count="$count" '
        BEGIN { split("310 380 290", price); price[0] = 220 }
        $6 == "collected" && ($3 != price[$1 % 4] || $5 != 0) { bad++ }
        $6 == "settled" && $3 != $5 { bad++ }
        $6 != "collected" && $6 != "settled" { bad++ }
        END { exit bad > 0 || NR != count }' "$dir/orders" || fail "An order was not paid exactly once."
}
