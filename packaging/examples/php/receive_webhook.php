<?php
// Receives webhooks, verifies them, and keeps each once as a file, ready for your own program.
//
//     WEBHOOK_SECRETS=shop.whsec WEBHOOK_INBOX=inbox php -S 127.0.0.1:8080 receive_webhook.php
//
// or put it where your web server runs PHP, with full paths in the two variables (fastcgi_param, SetEnv).
// smm-tracker.toml: [webhook.shop] url = "http://127.0.0.1:8080/", network = "local"; from outside use https. The
// file has one secret a line (whsec_…): during a rotation the new one and the old one.
//
// A webhook counts as delivered once we answer 2xx, so that is said only when the file is safely on the disk. It may
// come twice (our answer got lost): its webhook-id is the file's name, and the second is answered the same and kept
// once. Leave the files for 30 days; then old ones may go: find inbox -mtime +30 -delete
declare(strict_types=1);

const TOLERANCE = 300; // seconds a timestamp may be off, either way: an old request that somebody kept is worth nothing
const MOST_BYTES = 1 << 20;

function setting(string $name, string $usual): string
{
    return $_SERVER[$name] ?? (getenv($name) ?: $usual);
}

// Read for every request, so that a rotation needs no restart.
function secrets(): array
{
    $secrets = [];
    foreach (file(setting('WEBHOOK_SECRETS', 'shop.whsec'), FILE_IGNORE_NEW_LINES | FILE_SKIP_EMPTY_LINES) as $line) {
        $secret = base64_decode(preg_replace('/^whsec_/', '', trim($line)), true);
        if ($secret === false || strlen($secret) < 24) {
            throw new RuntimeException('a secret is broken'); // whoever guesses it must not get in
        }
        $secrets[] = $secret;
    }
    return $secrets;
}

// Standard Webhooks: HMAC-SHA256 over id.timestamp.body, one signature for each secret in use.
function is_genuine(string $id, string $timestamp, string $signatures, string $body): bool
{
    if (!preg_match('/^[0-9]{1,12}$/D', $timestamp) || abs(time() - (int) $timestamp) > TOLERANCE) {
        return false;
    }
    $genuine = false;
    foreach (secrets() as $secret) {
        $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $secret, true));
        foreach (explode(' ', $signatures) as $signature) {
            // hash_equals takes as long for a near miss as for a far one.
            $genuine = hash_equals($expected, $signature) || $genuine;
        }
    }
    return $genuine;
}

// On the disk, whole, under its id; nothing changes when it is there already.
function keep(string $inbox, string $id, string $body): void
{
    if (!is_dir($inbox) && !@mkdir($inbox, 0700, true) && !is_dir($inbox)) {
        throw new RuntimeException("cannot make $inbox"); // tempnam would take another folder
    }
    $fresh = tempnam($inbox, '.new-');
    $file = fopen($fresh, 'w');
    $kept = fwrite($file, $body) === strlen($body) && fsync($file);
    // The second fsync is for its name.
    $kept = $kept && (is_file("$inbox/$id.json") || @link($fresh, "$inbox/$id.json") && fsync($file));
    unlink($fresh);
    if (!$kept && !is_file("$inbox/$id.json")) {
        throw new RuntimeException("cannot write to $inbox");
    }
}

function receive(): int
{
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        return 405;
    }
    // The bytes as they came: JSON written anew would not verify.
    $body = file_get_contents('php://input', length: MOST_BYTES + 1);
    if (strlen($body) > MOST_BYTES) {
        return 413;
    }
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    if (!preg_match('/^[A-Za-z0-9_-]{1,64}$/D', $id)) {
        return 400;
    }
    $timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if (!is_genuine($id, $timestamp, $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '', $body)) {
        return 401;
    }
    keep(setting('WEBHOOK_INBOX', 'inbox'), $id, $body);
    return 204;
}

try {
    http_response_code(receive());
} catch (Throwable $trouble) {
    error_log($trouble->getMessage()); // a full disk, say: not delivered, and smm-tracker comes again
    http_response_code(500);
}
