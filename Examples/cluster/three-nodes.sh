# A broker, an app and three nodes on one machine. docs/scaling.md tells what each part shows.
nats-server -a 127.0.0.1 -p 4222 > nats.log 2>&1 &
python3 Examples/chat/app.py 3000 > app.log 2>&1 &
holdfast serve http://localhost:3000/hook --broker nats://127.0.0.1:4222 --node a --listen 127.0.0.1:8080 --control 127.0.0.1:8081 > a.log 2>&1 &
holdfast serve http://localhost:3000/hook --broker nats://127.0.0.1:4222 --node b --listen 127.0.0.1:8090 --control 127.0.0.1:8091 > b.log 2>&1 & b=$!
holdfast serve http://localhost:3000/hook --broker nats://127.0.0.1:4222 --node c --listen 127.0.0.1:8100 --control 127.0.0.1:8101 > c.log 2>&1 &
for port in 8081 8091 8101; do until curl -sf http://127.0.0.1:$port/ready > ready.log; do sleep 0.1; done; done

# Somebody listens at node c, somebody publishes at node a.
holdfast tail news --control http://127.0.0.1:8101 > heard.log &
until curl -s http://127.0.0.1:8101/metrics | grep -q '^holdfast_broker_channels.* 1$'; do sleep 0.1; done
holdfast publish news 'hello from a' --control http://127.0.0.1:8081
until grep 'hello from a' heard.log; do sleep 0.1; done

# Each node knows the others. One that is killed is missed after the lease of 10 seconds, one that is stopped at once.
curl -s http://127.0.0.1:8101/v1/nodes
kill -9 $b
until curl -s http://127.0.0.1:8101/v1/nodes | grep -vq '"name":"b"'; do sleep 0.5; done
curl -s http://127.0.0.1:8101/v1/nodes
