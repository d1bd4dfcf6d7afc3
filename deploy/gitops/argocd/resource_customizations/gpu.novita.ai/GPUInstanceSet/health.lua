local hs = { status = "Progressing", message = "The operator has not looked at this yet" }

if obj.metadata.annotations ~= nil and obj.metadata.annotations["gpu.novita.ai/paused"] == "true" then
  hs.status = "Suspended"
  hs.message = "Paused by the annotation gpu.novita.ai/paused"
  return hs
end

if obj.status == nil or obj.status.conditions == nil then
  return hs
end

if obj.status.observedGeneration ~= obj.metadata.generation then
  hs.message = "The operator has not looked at the newest spec yet"
  return hs
end

for _, condition in ipairs(obj.status.conditions) do
  if condition.type == "Stalled" and condition.status == "True" then
    hs.status = "Degraded"
    hs.message = condition.message
    return hs
  end
end

for _, condition in ipairs(obj.status.conditions) do
  if condition.type == "Ready" then
    if condition.status == "True" then
      hs.status = "Healthy"
    end
    hs.message = condition.message
  end
end

return hs
