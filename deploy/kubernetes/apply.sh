#!/bin/sh
# Put a version into the cluster of kubectl's context: indexes first, then servers and workers.
set -eu
cd "$(dirname "$0")"

kubectl -n accounts delete job accounts-indexes --ignore-not-found
kubectl apply -k . -l accounts-apply=first
kubectl -n accounts wait --for=condition=complete --timeout=600s job/accounts-indexes
kubectl apply -k .
for role in server worker; do
    kubectl -n accounts rollout status "deployment/accounts-$role"
done
