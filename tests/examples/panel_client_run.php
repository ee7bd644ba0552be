<?php
// Uses every method of the class in the file named first, and prints what a shop would read from each reply, one JSON
// line a call: panel_client_run.php CLASS-FILE COMPLETED-ORDER RUNNING-ORDER
require $argv[1];

function show($name, ...$values)
{
    echo json_encode([$name, ...$values], JSON_UNESCAPED_SLASHES), "\n";
}

[, , $completed, $running] = $argv;
$api = new PanelClient();

$services = $api->services();
$first = $services[0];
show('services', count($services) > 10, $first->service, $first->name, $first->type, $first->category, $first->rate,
    $first->min, $first->max, $first->refill, $first->cancel);

$order = $api->order(['service' => 1, 'link' => 'https://example.com/a?b=1&c=d e', 'quantity' => 100]);
show('order', is_int($order->order));
$drip = $api->order(['service' => 1, 'link' => 'drip', 'quantity' => 100, 'runs' => 2, 'interval' => 5]);
show('drip-feed', is_int($drip->order));
$comments = $api->order(['service' => 2, 'link' => 'comments', 'comments' => implode("\r\n", range(1, 12))]);
show('comments', is_int($comments->order));
$subscription = $api->order(['service' => 10, 'username' => 'user', 'min' => 100, 'max' => 110, 'posts' => 0,
    'old_posts' => 5, 'delay' => 30, 'expiry' => '11/11/2031']);
show('subscription', is_int($subscription->order));
show('refused', $api->order(['service' => 1, 'link' => 'few', 'quantity' => 1])->error);

$status = $api->status($completed);
show('status', $status->status, $status->charge, $status->start_count, $status->remains, $status->currency);
show('new order', $api->status($order->order)->status);
$many = $api->multiStatus([$completed, $running, 999999999]);
show('multiStatus', $many->$completed->status, $many->$running->remains, $many->{999999999}->error);

$refill = $api->refill($completed);
show('refill', is_string($refill->refill));
$refills = $api->multiRefill([$running, 999999999]);
show('multiRefill', $refills[0]->order, isset($refills[0]->refill->error), $refills[1]->order, $refills[1]->refill->error);
show('refillStatus', $api->refillStatus($refill->refill)->status);
$states = $api->multiRefillStatus([$refill->refill, 999999999]);
show('multiRefillStatus', $states[0]->status, $states[1]->status->error);

$cancels = $api->cancel([999999999, $running]);
show('cancel', $cancels[0]->order, $cancels[0]->cancel->error, $cancels[1]->order, $cancels[1]->cancel);

$balance = $api->balance();
show('balance', is_string($balance->balance), $balance->currency);
