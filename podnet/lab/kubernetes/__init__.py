"""The cluster of a stack, through kubectl and with packets: its nodes, pods and Services."""
