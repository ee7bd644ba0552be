<?php
// A better cron script: a hundred orders a request on one connection, and one transaction for what came back.
//   php hundred_at_a_time.php URL DATABASE
[$_, $url, $file] = $argv;
$db = new PDO("sqlite:$file");
$db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
$ids = $db->query("SELECT order_id FROM orders WHERE status NOT IN ('Completed', 'Canceled', 'Partial')")
          ->fetchAll(PDO::FETCH_COLUMN);
$save = $db->prepare('UPDATE orders SET status = ?, charge = ?, start_count = ?, remains = ? WHERE order_id = ?');

$ch = curl_init($url);
curl_setopt($ch, CURLOPT_RETURNTRANSFER, 1);
curl_setopt($ch, CURLOPT_POST, 1);
foreach (array_chunk($ids, 100) as $batch) {
    curl_setopt($ch, CURLOPT_POSTFIELDS, http_build_query([
        'key' => 'practice-key', 'action' => 'status', 'orders' => implode(',', $batch)]));
    $replies = json_decode(curl_exec($ch), true) ?: [];
    $db->beginTransaction();
    foreach ($replies as $id => $reply) {
        if (!isset($reply['status'])) continue;
        $save->execute([$reply['status'], $reply['charge'], $reply['start_count'], $reply['remains'], $id]);
    }
    $db->commit();
}
