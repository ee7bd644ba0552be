#!/usr/bin/env php
<?php
// Tells a chat of trouble: a panel that fails or rejects its key, a low balance, webhooks that are given up.
//
//     CHAT_HOOK=https://chat.example/hooks/… php send_trouble.php trouble.state
//
// Posts {"text": "…"}, which Slack, Mattermost, Rocket.Chat and Google Chat take. The file keeps how far it got;
// without it, it begins now. What the chat does not take is sent again. It also tells when smm-tracker itself is
// silent. SMM_TRACKER_SOCKET names the socket (ro.sock will do).
declare(strict_types=1);

require __DIR__ . '/tracker.php';

const TYPES = 'types=panel.*&types=balance.*&types=webhook.disabled';
const MOST_LINES = 20; // of one message

function text_of(array $event): string
{
    $data = $event['data'];
    $facts = [];
    foreach (['words', 'reason', 'balance', 'currency', 'low'] as $name) {
        if (isset($data[$name])) {
            $facts[] = "$name $data[$name]";
        }
    }
    return "{$event['type']} " . ($data['webhook'] ?? $data['panel']) . ' ' . implode(', ', $facts);
}

// What to tell, and the state once it is told. Waits for up to 25 s while nothing happens.
function look(?array $state): array
{
    if ($state === null) {
        return [[], ['since' => ask('GET', '/v1/status')[1]['events']['newest'], 'dead' => []]];
    }
    [$status, $headers, $text] = exchange('GET', "/v1/events?wait=25s&since={$state['since']}&" . TYPES);
    if ($status === 410) { // our place is older than what is kept, or beyond the end after a restore
        return [['events were missed: ' . json_decode($text, true)['detail']], null];
    }
    if ($status !== 200) {
        throw new NoAnswer(json_decode($text, true)['detail']);
    }
    $lines = [];
    foreach (explode("\n", trim($text)) as $line) {
        if ($line !== '') {
            $lines[] = text_of(json_decode($line, true, flags: JSON_THROW_ON_ERROR));
        }
    }
    $dead = [];
    foreach (ask('GET', '/v1/webhooks')[1]['items'] as $hook) {
        $dead[$hook['name']] = $hook['dead'];
        $more = $hook['dead'] - ($state['dead'][$hook['name']] ?? 0);
        if ($more > 0) {
            $lines[] = "webhook {$hook['name']}: $more deliveries given up: smm-tracker deliveries --state dead";
        }
    }
    return [$lines, ['since' => (int) $headers['smm-next-since'], 'dead' => $dead]];
}

// Returns once the chat has it.
function tell(array $lines): void
{
    if (count($lines) > MOST_LINES) {
        $lines = [...array_slice($lines, 0, MOST_LINES), '… and ' . count($lines) - MOST_LINES . ' more'];
    }
    // A panel's words are anybody's words: they must not mention people or draw links.
    $text = strtr(implode("\n", $lines), ['&' => '&amp;', '<' => '&lt;', '>' => '&gt;']);
    $curl = curl_init(getenv('CHAT_HOOK'));
    curl_setopt_array($curl, [
        CURLOPT_POSTFIELDS => json_encode(['text' => $text], JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE),
        CURLOPT_HTTPHEADER => ['Content-Type: application/json'],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_FAILONERROR => true,
        CURLOPT_TIMEOUT => 15,
    ]);
    while (curl_exec($curl) === false) {
        say('the chat did not take it, again in 10 s: ' . curl_error($curl));
        sleep(10);
    }
}

function save(string $file, ?array $state): void
{
    if (file_put_contents("$file.new", json_encode($state)) === false || !rename("$file.new", $file)) {
        throw new RuntimeException("cannot write $file");
    }
}

if ($argc !== 2 || !getenv('CHAT_HOOK')) {
    say('usage: CHAT_HOOK=URL php send_trouble.php FILE');
    exit(2);
}
$file = $argv[1];
$state = is_file($file) ? json_decode(file_get_contents($file), true) : null;
$silent = 0;
while (true) {
    try {
        [$lines, $following] = look($state);
        if ($silent >= 3) {
            array_unshift($lines, 'smm-tracker answers again');
        }
        $silent = 0;
    } catch (NoAnswer $trouble) {
        $silent += 1;
        [$lines, $following] = [$silent === 3 ? [$trouble->getMessage()] : [], $state];
        sleep(5);
    }
    if ($lines) {
        tell($lines);
    }
    if ($following !== $state) {
        save($file, $following);
        $state = $following;
    }
}
