<?php
// One question to smm-tracker over its Unix socket. Shared by the programs beside it; PHP 8.1 with ext-curl.
declare(strict_types=1);

// smm-tracker is not there, or went away before its answer was whole: what it did is not known.
class NoAnswer extends RuntimeException
{
}

function tracker_socket(): string
{
    return getenv('SMM_TRACKER_SOCKET') ?: '/run/smm-tracker/api.sock';
}

function tracker_request(string $method, string $target): CurlHandle
{
    $curl = curl_init('http://localhost' . $target);
    curl_setopt($curl, CURLOPT_UNIX_SOCKET_PATH, tracker_socket());
    curl_setopt($curl, CURLOPT_CUSTOMREQUEST, $method);
    return $curl;
}

// The HTTP status, the headers (names in lower case) and the text of the answer.
function exchange(string $method, string $target, ?array $body = null, array $headers = [], int $timeout = 90): array
{
    $received = [];
    $curl = tracker_request($method, $target);
    curl_setopt($curl, CURLOPT_RETURNTRANSFER, true);
    curl_setopt($curl, CURLOPT_TIMEOUT, $timeout);
    curl_setopt($curl, CURLOPT_HEADERFUNCTION, function ($curl, string $line) use (&$received): int {
        [$name, $value] = explode(':', $line, 2) + [1 => ''];
        $received[strtolower($name)] = trim($value);
        return strlen($line);
    });
    if ($body !== null) {
        $headers[] = 'Content-Type: application/json';
        curl_setopt($curl, CURLOPT_POSTFIELDS, json_encode($body, JSON_THROW_ON_ERROR));
    }
    curl_setopt($curl, CURLOPT_HTTPHEADER, $headers);
    $text = curl_exec($curl);
    if ($text === false) {
        throw new NoAnswer('smm-tracker does not answer on ' . tracker_socket() . ': ' . curl_error($curl));
    }
    return [curl_getinfo($curl, CURLINFO_RESPONSE_CODE), $received, $text];
}

// The HTTP status and the JSON of the answer, also when it is an error (application/problem+json).
function ask(string $method, string $target, ?array $body = null, array $headers = [], int $timeout = 90): array
{
    [$status, , $text] = exchange($method, $target, $body, $headers, $timeout);
    return [$status, json_decode($text, true, flags: JSON_THROW_ON_ERROR)];
}

function say(string $text): void
{
    fwrite(STDERR, $text . "\n");
}
