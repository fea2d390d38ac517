#!/bin/sh
# As the image's own: the program of Kafka that the image uses makes server.properties of the variables KAFKA_… and formats the storage, unless it
# is formatted; then comes the broker. $CLASSES and $CLASS_ARCHIVE are where this machine has them.
set -e
jvm="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -XX:SharedArchiveFile=$CLASS_ARCHIVE -Xlog:disable -Xlog:all=off"
jvm="$jvm -Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
setup="setup --default-configs-dir /etc/kafka/docker --mounted-configs-dir /mnt/shared/config --final-configs-dir /opt/kafka/config"
if ! result=$(java -Xmx256m $jvm -cp "$CLASSES/*" kafka.docker.KafkaDockerWrapper $setup 2>&1); then
  echo "$result"
  case $result in *already\ formatted*) ;; *) exit 1 ;; esac
fi
exec java ${KAFKA_HEAP_OPTS:--Xmx1G} $jvm -cp "$CLASSES/*" kafka.Kafka /opt/kafka/config/server.properties
