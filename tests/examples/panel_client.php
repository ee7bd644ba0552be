<?php
// A client for API v2 as panels hand them out: one class, form bodies by curl, replies as objects. Whoever has one
// changes the two lines below and nothing else. The tests do just that.

class PanelClient
{
    public $api_url = 'https://panel.example/api/v2';

    public $api_key = 'YOUR-API-KEY';

    public function order($fields)
    {
        return $this->call('add', $fields);
    }

    public function status($order)
    {
        return $this->call('status', ['order' => $order]);
    }

    public function multiStatus($orders)
    {
        return $this->call('status', ['orders' => implode(',', (array) $orders)]);
    }

    public function services()
    {
        return $this->call('services');
    }

    public function refill($order)
    {
        return $this->call('refill', ['order' => $order]);
    }

    public function multiRefill($orders)
    {
        return $this->call('refill', ['orders' => implode(',', $orders)]);
    }

    public function refillStatus($refill)
    {
        return $this->call('refill_status', ['refill' => $refill]);
    }

    public function multiRefillStatus($refills)
    {
        return $this->call('refill_status', ['refills' => implode(',', $refills)]);
    }

    public function cancel($orders)
    {
        return $this->call('cancel', ['orders' => implode(',', $orders)]);
    }

    public function balance()
    {
        return $this->call('balance');
    }

    private function call($action, $fields = [])
    {
        $curl = curl_init($this->api_url);
        curl_setopt($curl, CURLOPT_POST, 1);
        curl_setopt($curl, CURLOPT_POSTFIELDS, http_build_query(
            ['key' => $this->api_key, 'action' => $action] + $fields
        ));
        curl_setopt($curl, CURLOPT_RETURNTRANSFER, 1);
        curl_setopt($curl, CURLOPT_FOLLOWLOCATION, 1);
        curl_setopt($curl, CURLOPT_SSL_VERIFYPEER, 0);
        curl_setopt($curl, CURLOPT_USERAGENT, 'Mozilla/5.0 (compatible; panel client)');
        $reply = curl_exec($curl);
        $failed = curl_errno($curl) !== 0 && empty($reply);
        curl_close($curl);
        return $failed ? false : json_decode($reply);
    }
}
