#!/usr/bin/env php
<?php
// Places one order and waits until it has ended.
//
//     php place_and_wait.php PANEL SERVICE LINK QUANTITY REF
//     php place_and_wait.php p1 1 https://example.com/p/1 1000 shop-991
//
// REF is your own number for this order and for no other. It is sent as the Idempotency-Key: whatever happens (the
// power goes, the answer is lost, you press ^C), run the same command again, and it finds the order that was placed,
// or places it if none was. Nothing is bought twice.
//
// Exit: 0 completed. 2 usage. 5 certainly not bought. 6 ended, but not completed. 7 smm-tracker does not answer:
// run it again. 8 nobody can know whether it was bought: a person has to look. SMM_TRACKER_SOCKET names the socket.
declare(strict_types=1);

require __DIR__ . '/tracker.php';

// Asks until there is an answer. Asking again with the same key is safe; without one it never would be.
function place(string $panel, string $ref, array $order): array
{
    foreach ([1, 2, 4, 0] as $pause) {
        try {
            // Longer than the panel itself may take (place_timeout), so that its answer is not missed.
            $reply = ask('POST', "/v1/panels/$panel/orders", $order, ["Idempotency-Key: $ref"], 150);
            if ($reply[0] !== 503 || $pause === 0) { // 503: too busy, or stopping; it was not sent
                return $reply;
            }
        } catch (NoAnswer $trouble) {
            say($trouble->getMessage());
        }
        sleep($pause);
    }
    say('It may have been placed. Run this again with the same REF.');
    exit(7);
}

// No order: says why, and what may be done without buying twice.
function give_up(string $ref, array $problem): never
{
    if (in_array($problem['sent'] ?? '', ['no', 'yes'], true)) { // never left, or the panel refused it
        say("Not bought: {$problem['detail']}");
        foreach ($problem['errors'] ?? [] as $error) {
            say('  ' . json_encode($error));
        }
        // What is on record answers the same for this REF for 30 days.
        $which = isset($problem['placement']) ? 'another REF.' : 'the same REF, once that is mended.';
        say("Order again with $which");
        exit(5);
    }
    $number = $problem['placement'] ?? 'NUMBER';
    say("Nobody can know whether $ref was bought, and it is not sent again: {$problem['detail']}");
    say("Look at the panel. If the order is there: smm-tracker placements resolve $number --order ITS-ID");
    say("If it is not, then this, which frees REF: smm-tracker placements resolve $number --none");
    exit(8);
}

function wait_until_ended(string $name): array
{
    while (true) {
        try {
            // Long polling: answered the moment the order ends, or after a minute.
            [$status, $order] = ask('GET', "/v1/orders/$name?wait=60s&until=ended");
            if ($status === 200 && $order['ended']) {
                return $order;
            }
            if ($status === 404) {
                say("$name was placed, but is no longer tracked.");
                exit(6);
            }
            if ($status !== 200) {
                throw new NoAnswer($order['detail']);
            }
        } catch (NoAnswer $trouble) {
            say($trouble->getMessage());
            sleep(5);
        }
    }
}

if ($argc !== 6) {
    say('usage: php place_and_wait.php PANEL SERVICE LINK QUANTITY REF');
    exit(2);
}
[, $panel, $service, $link, $quantity, $ref] = $argv;
[$status, $answer] = place(rawurlencode($panel), $ref, compact('service', 'link', 'quantity', 'ref'));
if ($status !== 201) {
    give_up($ref, $answer);
}
$name = "$panel/{$answer['placement']['order']}";
echo "placed $name\n";
$order = wait_until_ended($name);
$shown = array_map(fn ($value) => $value ?? 'unknown', $order);
echo "$name {$shown['status']}: {$shown['delivered']} delivered, {$shown['remains']} missing, ",
    "charge {$shown['charge']} {$shown['currency']}\n";
exit($order['status'] === 'completed' ? 0 : 6);
