local hs = { status = "Progressing", message = "The operator has not looked at this yet" }

if obj.status == nil or obj.status.conditions == nil then
  return hs
end

if obj.status.observedGeneration ~= obj.metadata.generation then
  hs.message = "The operator has not looked at the newest spec yet"
  return hs
end

-- An account has no condition Stalled: these need a person, while NovitaUnavailable and NotPolled pass by themselves.
local hopeless = { KeyMissing = true, CredentialsRejected = true }

for _, condition in ipairs(obj.status.conditions) do
  if (condition.type == "CreatesFrozen" or condition.type == "OrphanDeletionPaused") and condition.status == "True" then
    hs.status = "Degraded"
    hs.message = condition.message
    return hs
  end
  if condition.type == "Ready" then
    hs.message = condition.message
    if condition.status == "True" then
      hs.status = "Healthy"
    elseif hopeless[condition.reason] then
      hs.status = "Degraded"
    end
  end
end

return hs
