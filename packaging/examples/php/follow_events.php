#!/usr/bin/env php
<?php
// Follows everything that happens and misses nothing: prints one event a line, as JSON.
//
//     php follow_events.php events.seq
//
// The file keeps the number of the last event that was handled; without it, it begins now. Kill it, restart it or
// restart smm-tracker: it goes on where it stood. An event is handled at least once: the one during which the power
// went comes again, with the same seq. SMM_TRACKER_SOCKET names the socket (ro.sock will do).
declare(strict_types=1);

require __DIR__ . '/tracker.php';

// Yours: has to be done for good when it returns.
function handle(stdClass $event): void
{
    echo json_encode($event, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES), "\n";
}

function remember(string $file, int $seq): void
{
    if (file_put_contents("$file.new", "$seq\n") === false || !rename("$file.new", $file)) {
        throw new RuntimeException("cannot write $file");
    }
}

function first_place(string $file): int
{
    if (is_file($file)) {
        $kept = trim((string) file_get_contents($file));
        if (!preg_match('/^[0-9]{1,18}$/D', $kept)) {
            throw new RuntimeException("$file holds no number"); // to begin anew would miss events
        }
        return (int) $kept;
    }
    $seq = ask('GET', '/v1/status')[1]['events']['newest'];
    remember($file, $seq);
    return $seq;
}

// Our place is not in the log any more: older than what is kept, or beyond the end after a restore.
function after_a_gap(stdClass $problem): int
{
    say("Events were missed: $problem->detail. Compare with GET /v1/orders.");
    return isset($problem->oldest) ? $problem->oldest - 1 : $problem->newest;
}

function take(string $file, int $status, stdClass $line): void
{
    if ($status === 200) {
        if ($line->type !== 'keepalive') {
            handle($line);
            remember($file, $line->seq);
        }
    } elseif ($line->code === 'cursor-expired') {
        remember($file, after_a_gap($line));
    } else {
        say($line->detail);
    }
}

// Handles what comes until the stream ends.
function follow(string $file, int $seq): void
{
    $rest = '';
    $curl = tracker_request('GET', "/v1/events?follow=1&since=$seq");
    curl_setopt($curl, CURLOPT_LOW_SPEED_LIMIT, 1); // a keepalive comes every 15 s
    curl_setopt($curl, CURLOPT_LOW_SPEED_TIME, 45);
    curl_setopt($curl, CURLOPT_WRITEFUNCTION, function (CurlHandle $curl, string $part) use ($file, &$rest): int {
        $lines = explode("\n", $rest . $part);
        $rest = array_pop($lines); // cut off: when the stream ends there, it comes again
        $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
        foreach ($lines as $line) {
            take($file, $status, json_decode($line, flags: JSON_THROW_ON_ERROR));
        }
        return strlen($part);
    });
    if (!curl_exec($curl)) {
        throw new NoAnswer('smm-tracker broke off: ' . curl_error($curl));
    }
}

if ($argc !== 2) {
    say('usage: php follow_events.php FILE');
    exit(2);
}
while (true) {
    try {
        follow($argv[1], first_place($argv[1]));
    } catch (NoAnswer $trouble) {
        say($trouble->getMessage());
    }
    sleep(2);
}
