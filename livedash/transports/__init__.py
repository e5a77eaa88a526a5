"""How viewers are reached: one file a transport, all driving the same Session; who may come is the server's business."""
