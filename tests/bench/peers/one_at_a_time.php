<?php
// How the cron script of a panel follows orders: every order that has not ended is asked about by itself, and
// written back.   php one_at_a_time.php URL DATABASE
[$_, $url, $file] = $argv;
$db = new PDO("sqlite:$file");
$db->setAttribute(PDO::ATTR_ERRMODE, PDO::ERRMODE_EXCEPTION);
$orders = $db->query("SELECT id, order_id FROM orders WHERE status NOT IN ('Completed', 'Canceled', 'Partial')")
             ->fetchAll(PDO::FETCH_ASSOC);
$save = $db->prepare('UPDATE orders SET status = ?, charge = ?, start_count = ?, remains = ? WHERE id = ?');

foreach ($orders as $order) {
    $ch = curl_init($url);
    curl_setopt($ch, CURLOPT_RETURNTRANSFER, 1);
    curl_setopt($ch, CURLOPT_POST, 1);
    curl_setopt($ch, CURLOPT_POSTFIELDS, http_build_query([
        'key' => 'practice-key', 'action' => 'status', 'order' => $order['order_id']]));
    $reply = json_decode(curl_exec($ch), true);
    curl_close($ch);
    if (!isset($reply['status'])) continue;
    $save->execute([$reply['status'], $reply['charge'], $reply['start_count'], $reply['remains'], $order['id']]);
}
